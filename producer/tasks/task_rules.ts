/** The rules of a task that a schema cannot express: fields that must fit together, and names that must exist. */
import { taskLimits, workspaceLimits } from "../../shared/limits.ts";
import { nearestName } from "../../shared/nearest.ts";
import { foldersOf, normalisePath } from "../../shared/paths.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { checkSchema } from "../../shared/schema_check.ts";
import type { DurableTask, InputFile } from "../../shared/task.ts";
import type { Detail } from "../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { formatPath, joinPath, quoteValue } from "./explain.ts";
import { checkInputKey } from "./input_key.ts";

/** The policy of tasks that do not name one: it denies every request. */
export const defaultPolicy = "default";

type Rule = (task: DurableTask, scope: CheckScope) => Detail[];

export function findTaskFaults(task: DurableTask, scope: CheckScope): Detail[] {
  return rules.flatMap((rule) => rule(task, scope)).slice(0, taskLimits.problemsReportedMax);
}

const encoder = new TextEncoder();
const fault = (path: string, message: string): Detail[] => [{ path, message }];

/** A task has exactly one instruction. */
const instruction: Rule = ({ prompt, messages }) => {
  if (prompt !== undefined && messages !== undefined) {
    return fault("messages", 'write either "prompt" or "messages", not both');
  }
  if (prompt === undefined && messages === undefined) {
    return fault("prompt", 'is missing: write "prompt", or "messages" as [{"role", "content"}]');
  }
  const chars = messages?.reduce((sum, message) => sum + message.content.length, 0) ?? 0;
  return chars <= taskLimits.promptCharsMax
    ? []
    : fault(
        "messages",
        `have ${chars} characters in total; the maximum is ${taskLimits.promptCharsMax}: put long material in "files"`,
      );
};

const input: Rule = (task, { validParts }) => {
  if (task.input === undefined || isKnownValid(task.input, validParts)) return [];
  const bytes = encoder.encode(JSON.stringify(task.input)).byteLength;
  if (bytes <= taskLimits.inputBytesMax) return markValid(task.input, validParts);
  return fault(
    "input",
    `is ${bytes} bytes of JSON; the maximum is ${taskLimits.inputBytesMax}: put long material in "files"`,
  );
};

const files: Rule = ({ files: named }, { validParts }) => {
  if (named === undefined || isKnownValid(named, validParts)) return [];
  const details: Detail[] = [];
  let total = 0;
  for (const [path, file] of Object.entries(named)) {
    const at = formatPath(["files", path]);
    const clean = normalisePath(path);
    if (clean === null || clean !== path.normalize("NFC")) details.push(...invalidPath(at, clean));
    const parent = foldersOf(path).find((folder) => Object.hasOwn(named, folder));
    if (parent !== undefined) {
      details.push(
        ...fault(at, `is below "${parent}", which is also a file of this task: rename one`),
      );
    }
    const size = measure(file);
    if (!size.ok) details.push(...fault(at, size.error));
    else if (size.value > workspaceLimits.fileBytesMax) {
      const message = `is ${size.value} bytes; a file may have up to ${workspaceLimits.fileBytesMax}: split it`;
      details.push(...fault(at, message));
    } else total += size.value;
  }
  if (total > workspaceLimits.bytesMax) {
    const message = `have ${total} bytes in total; the maximum is ${workspaceLimits.bytesMax}: upload them with PUT /v1/inputs/<key>`;
    details.push(...fault("files", message));
  }
  return details.length === 0 ? markValid(named, validParts) : details;
};

function invalidPath(at: string, clean: string | null): Detail[] {
  const example =
    clean === null || clean === "__proto__" ? 'such as "data/orders.csv"' : `write "${clean}"`;
  return fault(
    at,
    `the path must be relative, with forward slashes and without "..", ".", NUL or double slashes: ${example}`,
  );
}

/** The bytes of an inline file, 0 for one in R2, or why the file is invalid. */
function measure(file: InputFile): Result<number, string> {
  if ("text" in file) return ok(encoder.encode(file.text).byteLength);
  if ("r2" in file) {
    const key = checkInputKey(file.r2);
    return key.ok ? ok(0) : key;
  }
  try {
    return ok(Uint8Array.fromBase64(file.base64).byteLength);
  } catch {
    return err('invalid base64: write standard base64, or {"text": "…"} for text');
  }
}

const tools: Rule = (task, { tools: known, available }) =>
  (task.tools ?? []).flatMap((name, index) => {
    const at = `tools[${index}]`;
    if (name === "run_shell" && task.sandbox !== "microvm") {
      return fault(at, 'run_shell needs "sandbox": "microvm": only that sandbox has a shell');
    }
    if (!known.includes(name)) {
      const closest = nearestName(name, known);
      const list = `the tools are ${known.join(", ")}`;
      const hint = closest === null ? list : `did you mean "${closest}"? (${list})`;
      return fault(at, `unknown tool ${quoteValue(name)}: ${hint}`);
    }
    const reason = available?.tools.find((tool) => tool.name === name)?.reason ?? null;
    if (reason === null) return [];
    return fault(at, `"${name}" cannot be used here: ${reason} (fleet tools lists all)`);
  });

/** Names are checked if the consumer's listing is known; an upload's folder is checked by stored_inputs.ts. */
const servers: Rule = ({ mcp = [] }, { available }) =>
  mcp.flatMap((name, index) => unknownName(`mcp[${index}]`, "MCP server", name, available?.mcp));

const skills: Rule = ({ skills: named = [], files: inputs = {} }, { available }) => {
  const details = named.flatMap((skill, index) => {
    if (typeof skill === "string") {
      return unknownName(`skills[${index}]`, "skill", skill, available?.skills);
    }
    const key = checkInputKey(skill.r2.replace(/\/+$/, ""));
    return key.ok ? [] : fault(`skills[${index}].r2`, key.error);
  });
  const file = Object.keys(inputs).find((path) => /^skills(\/|$)/.test(path));
  if (named.length > 0 && file !== undefined) {
    const message = 'is in "skills", where the task\'s skills are mounted: use another folder';
    details.push(...fault(formatPath(["files", file]), message));
  }
  return details;
};

function unknownName(
  path: string,
  kind: string,
  name: string,
  known: readonly { name: string }[] | undefined,
): Detail[] {
  if (known === undefined || known.some((each) => each.name === name)) return [];
  const names = known.map((each) => each.name).join(", ");
  const list = names === "" ? `no ${kind} is configured here` : `configured are ${names}`;
  return fault(
    path,
    `unknown ${kind} ${quoteValue(name)}: ${list} (docs/tools.md says how to add one)`,
  );
}

/** The default is checked too: a policy may be for some tenants only. */
const policy: Rule = (task, scope) => {
  const allowed = scope.checkPolicy(task.policy ?? defaultPolicy);
  return allowed.ok ? [] : fault("policy", allowed.error);
};

/** The model, its scripted turns, and its fallbacks. */
const model: Rule = (task, scope) => {
  const details = (task.fallback_models ?? []).flatMap((id, index) =>
    id === "rehearsal"
      ? fault(`fallback_models[${index}]`, '"rehearsal" cannot be a fallback: leave it out')
      : unservedModel(`fallback_models[${index}]`, id, scope),
  );
  const id = task.model ?? scope.model;
  if (id !== "rehearsal") {
    if (task.rehearsal !== undefined) {
      const message = `has turns for the model "rehearsal", and this task's model is ${quoteValue(id)}: write "model": "rehearsal", or leave the turns out (MODEL and MODEL_BASE_URL say what serves other models)`;
      details.push(...fault("rehearsal", message));
    }
    return [...unservedModel("model", id, scope), ...details];
  }
  if (!scope.allowsRehearsal) {
    const message = `"rehearsal" is for local runs and for keys with the scope "admin": name a real model (the fleet's MODEL and MODEL_BASE_URL)`;
    details.push(...fault("model", message));
  } else if (task.rehearsal === undefined) {
    const message = `"rehearsal" plays scripted turns, and this task has none: set MODEL and MODEL_BASE_URL for a real model, or write the turns in "rehearsal"`;
    details.push(...fault("model", message));
  }
  return details;
};

function unservedModel(path: string, id: string, scope: CheckScope): Detail[] {
  const served = scope.checkModel(id);
  return served.ok ? [] : fault(path, served.error);
}

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
    details.push(...fault("expires_at", "is not after not_before: write a later time"));
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
  tools,
  servers,
  skills,
  policy,
  model,
  outputSchema,
  times,
  webhook,
];

const isKnownValid = (part: unknown, validParts: WeakSet<object>): boolean =>
  typeof part === "object" && part !== null && validParts.has(part);

function markValid(part: unknown, validParts: WeakSet<object>): Detail[] {
  if (typeof part === "object" && part !== null) validParts.add(part);
  return [];
}
