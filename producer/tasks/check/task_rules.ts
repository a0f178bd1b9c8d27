/** The rules of a task that a schema cannot express: fields that must fit together, and names that must exist. */

import { byteLength } from "../../../shared/files/objects.ts";
import { taskLimits } from "../../../shared/limits.ts";
import { checkSchema } from "../../../shared/schema/check.ts";
import { type DurableTask, messageText } from "../../../shared/task/task.ts";
import type { Detail } from "../../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { joinPath } from "./field_path.ts";
import { files } from "./file_rules.ts";
import { model } from "./model_rules.ts";
import { approve, servers, skills, tools } from "./name_rules.ts";
import { pictures } from "./picture_rules.ts";
import { checks, escalate, samples } from "./quality_rules.ts";
import { fault, isKnownValid, markValid, type Rule } from "./rule.ts";

/** The policy of tasks that do not name one: it denies every request. */
export const defaultPolicy = "default";

export function findTaskFaults(task: DurableTask, scope: CheckScope): Detail[] {
  return rules.flatMap((rule) => rule(task, scope)).slice(0, taskLimits.problemsReportedMax);
}

/** A task has exactly one instruction. */
const instruction: Rule = ({ prompt, messages }) => {
  if (prompt !== undefined && messages !== undefined) {
    return fault("messages", 'write either "prompt" or "messages", not both');
  }
  if (prompt === undefined && messages === undefined) {
    return fault("prompt", 'is missing: write "prompt", or "messages" as [{"role", "content"}]');
  }
  const chars =
    messages?.reduce((sum, message) => sum + messageText(message.content).length, 0) ?? 0;
  return chars <= taskLimits.promptCharsMax
    ? []
    : fault(
        "messages",
        `have ${chars} characters in total; the maximum is ${taskLimits.promptCharsMax}: put long material in "files"`,
      );
};

const input: Rule = (task, { validParts }) => {
  if (task.input === undefined || isKnownValid(task.input, validParts)) return [];
  const bytes = byteLength(JSON.stringify(task.input));
  if (bytes <= taskLimits.inputBytesMax) return markValid(task.input, validParts);
  return fault(
    "input",
    `is ${bytes} bytes of JSON; the maximum is ${taskLimits.inputBytesMax}: put long material in "files"`,
  );
};

/** The default is checked too: a policy may be for some tenants only. */
const policy: Rule = (task, scope) => {
  const allowed = scope.checkPolicy(task.policy ?? defaultPolicy);
  return allowed.ok ? [] : fault("policy", allowed.error);
};

const outputSchema: Rule = ({ output_schema: schema }, { validParts }) => {
  if (schema === undefined || isKnownValid(schema, validParts)) return [];
  const details = checkSchema(schema).map(({ path, message }) => ({
    path: joinPath("output_schema", path),
    message,
  }));
  return details.length === 0 ? markValid(schema, validParts) : details;
};

const times: Rule = (task, { now }) => {
  const details: Detail[] = [];
  const from = parseTime(task.not_before);
  const until = parseTime(task.expires_at);
  if (Number.isNaN(from)) details.push(...fault("not_before", invalidTime));
  if (Number.isNaN(until)) details.push(...fault("expires_at", invalidTime));
  if (from !== null && from - now > taskLimits.delayMsMax) {
    const days = taskLimits.delayMsMax / (24 * 3_600_000);
    const message = `is more than ${days} days in the future: write an earlier time`;
    details.push(...fault("not_before", message));
  }
  if (until !== null && until <= now) {
    details.push(...fault("expires_at", "is in the past: write a future time"));
  }
  if (from !== null && until !== null && until <= from) {
    details.push(...fault("expires_at", "is not later than `not_before`: write a later time"));
  }
  return details;
};

export const invalidTime = "invalid time: write one such as 2026-12-01T09:00:00Z";

/** Milliseconds since 1970 UTC; NaN for a time that does not exist. */
export function parseTime(text: string | undefined): number | null {
  if (text === undefined) return null;
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  // Date.parse turns 30 February into 2 March.
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? Date.parse(text) : Number.NaN;
}

const webhook: Rule = ({ webhook: named }, { checkWebhook, validParts }) => {
  if (named === undefined || isKnownValid(named, validParts)) return [];
  const allowed = checkWebhook(named);
  return allowed.ok ? markValid(named, validParts) : fault("webhook", allowed.error);
};

const rules: readonly Rule[] = [
  instruction,
  input,
  files,
  pictures,
  tools,
  approve,
  servers,
  skills,
  policy,
  model,
  outputSchema,
  times,
  webhook,
  checks,
  samples,
  escalate,
];
