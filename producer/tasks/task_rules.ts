/** What a schema cannot say of a task: fields that must fit together, and names that must exist. */
import { taskLimits, workspaceLimits } from "../../shared/limits.ts";
import { nearest } from "../../shared/nearest.ts";
import { foldersOf, normalisePath } from "../../shared/paths.ts";
import { checkSchema } from "../../shared/schema_check.ts";
import type { DurableTask, InputFile } from "../../shared/task.ts";
import type { Detail } from "../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { shown, spellPath } from "./explain.ts";
import { inputKeyFault } from "./input_key.ts";

/** The policy of tasks that name none: it denies every request. */
export const defaultPolicy = "default";

type Rule = (task: DurableTask, scope: CheckScope) => Detail[];

export function taskFaults(task: DurableTask, scope: CheckScope): Detail[] {
  return rules.flatMap((rule) => rule(task, scope)).slice(0, taskLimits.problemsReportedMax);
}

const encoder = new TextEncoder();
const fault = (path: string, message: string): Detail[] => [{ path, message }];

/** A task says what to do in exactly one way. */
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
        `hold ${chars} characters in all; at most ${taskLimits.promptCharsMax} are taken: put long material in "files"`,
      );
};

const input: Rule = (task, { proven }) => {
  if (task.input === undefined || isProven(task.input, proven)) return [];
  const bytes = encoder.encode(JSON.stringify(task.input)).byteLength;
  if (bytes <= taskLimits.inputBytesMax) return prove(task.input, proven);
  return fault(
    "input",
    `is ${bytes} bytes of JSON; at most ${taskLimits.inputBytesMax} are taken: put long material in "files"`,
  );
};

const files: Rule = ({ files: named }, { proven }) => {
  if (named === undefined || isProven(named, proven)) return [];
  const details: Detail[] = [];
  let total = 0;
  for (const [path, file] of Object.entries(named)) {
    const at = spellPath(["files", path]);
    const clean = normalisePath(path);
    if (clean === null || clean !== path.normalize("NFC")) {
      details.push({ path: at, message: pathMend(path) });
    }
    const above = foldersOf(path).find((folder) => Object.hasOwn(named, folder));
    if (above !== undefined) {
      details.push({
        path: at,
        message: `lies below "${above}", which is a file of this task too`,
      });
    }
    const size = sizeOf(file);
    if (typeof size === "string") details.push({ path: at, message: size });
    else if (size > workspaceLimits.fileBytesMax) {
      details.push({
        path: at,
        message: `is ${size} bytes; a file may hold ${workspaceLimits.fileBytesMax}`,
      });
    } else total += size;
  }
  if (total > workspaceLimits.bytesMax) {
    details.push({
      path: "files",
      message: `hold ${total} bytes in all; at most ${workspaceLimits.bytesMax} are taken`,
    });
  }
  return details.length === 0 ? prove(named, proven) : details;
};

function pathMend(path: string): string {
  const clean = normalisePath(path);
  const instead =
    clean === null || clean === "__proto__" ? 'such as "data/orders.csv"' : `write "${clean}"`;
  return `the path must be relative, with forward slashes and without "..", ".", NUL or doubled slashes: ${instead}`;
}

/** The bytes of an inline file, 0 for one in R2, or what is wrong with it. */
function sizeOf(file: InputFile): number | string {
  if ("text" in file) return encoder.encode(file.text).byteLength;
  if ("r2" in file) return inputKeyFault(file.r2) ?? 0;
  try {
    return Uint8Array.fromBase64(file.base64).byteLength;
  } catch {
    return 'base64 is not valid: write standard base64, or {"text": "…"} for text';
  }
}

const tools: Rule = (task, scope) =>
  (task.tools ?? []).flatMap((name, index) => {
    if (name === "run_shell" && task.sandbox !== "microvm") {
      return fault(`tools[${index}]`, 'run_shell needs "sandbox": "microvm": no other has a shell');
    }
    if (scope.tools.includes(name)) {
      const why = scope.offered?.tools.find((tool) => tool.name === name)?.reason ?? null;
      return why === null
        ? []
        : fault(`tools[${index}]`, `"${name}" cannot be used here: ${why} (fleet tools lists all)`);
    }
    const meant = nearest(name, scope.tools);
    const known = `the tools are ${scope.tools.join(", ")}`;
    return fault(
      `tools[${index}]`,
      `unknown tool ${shown(name)}: ${meant === null ? known : `did you mean "${meant}"? (${known})`}`,
    );
  });

/** Names are known where the consumer could be asked; an upload's folder is looked for by stored_inputs.ts. */
const extras: Rule = ({ mcp = [], skills = [], files: named = {} }, { offered }) => {
  const details = skills.flatMap((skill, at) => {
    if (typeof skill !== "string") {
      const message = inputKeyFault(skill.r2.replace(/\/+$/, ""));
      return message === null ? [] : fault(`skills[${at}].r2`, message);
    }
    return unlisted(`skills[${at}]`, "skill", skill, offered?.skills);
  });
  details.push(
    ...mcp.flatMap((name, at) => unlisted(`mcp[${at}]`, "MCP server", name, offered?.mcp)),
  );
  const taken = Object.keys(named).find((path) => /^skills(\/|$)/.test(path));
  if (skills.length > 0 && taken !== undefined) {
    details.push({
      path: spellPath(["files", taken]),
      message: 'lies in "skills", where the task\'s skills are mounted: use another folder',
    });
  }
  return details;
};

function unlisted(
  path: string,
  what: string,
  name: string,
  listed: readonly { name: string }[] | undefined,
): Detail[] {
  if (listed === undefined || listed.some((one) => one.name === name)) return [];
  const names = listed.map((one) => one.name).join(", ");
  const known = names === "" ? `no ${what} is configured here` : `there are ${names}`;
  return fault(
    path,
    `unknown ${what} ${shown(name)}: ${known} (docs/tools.md says how to add one)`,
  );
}

/** The default counts too: another tenant may not use it unless it says so. */
const policy: Rule = (task, scope) => {
  const message = scope.policyFault(task.policy ?? defaultPolicy);
  return message === null ? [] : fault("policy", message);
};

const elsewhere = 'set MODEL and MODEL_BASE_URL for a real model, or give "rehearsal" its turns';

/** The model, its scripted turns, and what stands in for it. */
const model: Rule = (task, scope) => {
  const details = (task.fallback_models ?? []).flatMap((id, index) =>
    id === "rehearsal"
      ? fault(`fallback_models[${index}]`, '"rehearsal" stands in for no model: leave it out')
      : served(`fallback_models[${index}]`, id, scope),
  );
  const id = task.model ?? scope.model;
  if (id !== "rehearsal") {
    if (task.rehearsal !== undefined) {
      details.push({
        path: "rehearsal",
        message: `is played by the model "rehearsal" only, and this task's model is ${shown(id)}: write "model": "rehearsal", or leave the turns out (MODEL and MODEL_BASE_URL say what other models run on)`,
      });
    }
    return [...served("model", id, scope), ...details];
  }
  if (!scope.rehearsals) {
    details.push({
      path: "model",
      message: `"rehearsal" is for local runs and for keys with the scope "admin": name a real model (the fleet's MODEL and MODEL_BASE_URL)`,
    });
  } else if (task.rehearsal === undefined) {
    details.push({
      path: "model",
      message: `"rehearsal" plays scripted turns, and this task has none: ${elsewhere}`,
    });
  }
  return details;
};

function served(path: string, id: string, scope: CheckScope): Detail[] {
  const message = scope.modelFault(id);
  return message === null ? [] : fault(path, message);
}

const outputSchema: Rule = ({ output_schema: schema }, { proven }) => {
  if (schema === undefined || isProven(schema, proven)) return [];
  const details = checkSchema(schema).map(({ path, message }) => ({
    path: path === "" || path.startsWith("[") ? `output_schema${path}` : `output_schema.${path}`,
    message,
  }));
  return details.length === 0 ? prove(schema, proven) : details;
};

const times: Rule = (task, { now }) => {
  const details: Detail[] = [];
  const from = milliseconds(task.not_before);
  const until = milliseconds(task.expires_at);
  if (Number.isNaN(from)) details.push(...fault("not_before", noSuchTime));
  if (Number.isNaN(until)) details.push(...fault("expires_at", noSuchTime));
  if (from !== null && from - now > taskLimits.delayMsMax) {
    const days = taskLimits.delayMsMax / (24 * 3_600_000);
    details.push(...fault("not_before", `lies over ${days} days ahead: write a nearer time`));
  }
  if (until !== null && until <= now) {
    details.push(...fault("expires_at", "is past: write a time in the future"));
  }
  if (from !== null && until !== null && until <= from) {
    details.push(...fault("expires_at", "is not after not_before: write a later time"));
  }
  return details;
};

const noSuchTime = "is no time that exists: write one such as 2026-12-01T09:00:00Z";

export const milliseconds = (text: string | undefined): number | null =>
  text === undefined ? null : Date.parse(text);

const webhook: Rule = ({ webhook: told }, scope) => {
  if (told === undefined || isProven(told, scope.proven)) return [];
  const message = scope.webhookFault(told);
  return message === null ? prove(told, scope.proven) : fault("webhook", message);
};

const rules: readonly Rule[] = [
  instruction,
  input,
  files,
  tools,
  extras,
  policy,
  model,
  outputSchema,
  times,
  webhook,
];

const isProven = (part: unknown, proven: WeakSet<object>): boolean =>
  typeof part === "object" && part !== null && proven.has(part);

function prove(part: unknown, proven: WeakSet<object>): Detail[] {
  if (typeof part === "object" && part !== null) proven.add(part);
  return [];
}
