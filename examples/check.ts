import { isDeepStrictEqual } from "node:util";
import type { DecisionAnswer } from "../producer/api/egress/responses.ts";
import type { StepAnswer, TaskAnswer } from "../producer/api/tasks/responses.ts";
import type { Expectation } from "./expectations.ts";

/** All that one task left behind, fetched through the API. */
export interface Trace {
  task: TaskAnswer;
  steps: StepAnswer[];
  decisions: DecisionAnswer[];
  /** The workspace files that the expectation names, path to text; null where there is none. */
  files: Record<string, string | null>;
}

/** In what a task differs from how it must end; empty when in nothing. One sentence each. */
export function differences(expected: Expectation, found: Trace): string[] {
  const { task, steps, decisions, files } = found;
  return [
    ...differs("status", expected.status, task.status),
    ...differs("reason", expected.reason, task.reason),
    ...(expected.output === undefined ? [] : differs("output", expected.output, task.output)),
    ...(expected.text === undefined ? [] : lacksText(expected.text, task.output)),
    ...(expected.tools === undefined
      ? []
      : differs("tool steps", expected.tools, toolNames(steps))),
    ...(expected.quirks ?? [])
      .filter((quirk) => !task.quirks.includes(quirk))
      .map((quirk) => `quirks lack ${quirk}: ${JSON.stringify(task.quirks)}`),
    ...(expected.egress === undefined
      ? []
      : differs("decisions", expected.egress, byAction(decisions))),
    ...Object.entries(expected.files ?? {}).flatMap(([path, words]) =>
      fileDiffers(path, words, files[path] ?? null),
    ),
  ];
}

/** Where the credential shows that no agent may see, plain or as base64. */
export function leaks(secret: string, found: Trace): string[] {
  const everything = JSON.stringify(found);
  const forms = [secret, btoa(secret), encodeURIComponent(secret)];
  return forms.some((form) => everything.includes(form))
    ? ["the injected credential stands in what the task left"]
    : [];
}

function differs(what: string, expected: unknown, found: unknown): string[] {
  return isDeepStrictEqual(expected, found)
    ? []
    : [`${what} should be ${shown(expected)}, is ${shown(found)}`];
}

function lacksText(words: string, output: unknown): string[] {
  const text =
    output !== null && typeof output === "object" && "text" in output ? String(output.text) : "";
  return text.includes(words) ? [] : [`the answer lacks ${shown(words)}: ${shown(output)}`];
}

const toolNames = (steps: readonly StepAnswer[]): string[] =>
  steps.filter(({ kind }) => kind === "tool").map(({ name }) => name);

function byAction(decisions: readonly DecisionAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of decisions) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

function fileDiffers(
  path: string,
  { holds, lacks = [] }: { holds: string[]; lacks?: string[] },
  text: string | null,
): string[] {
  if (text === null) return [`there is no file ${path}`];
  return [
    ...holds
      .filter((words) => !text.includes(words))
      .map((words) => `${path} lacks ${shown(words)}`),
    ...lacks
      .filter((words) => text.includes(words))
      .map((words) => `${path} holds ${shown(words)}`),
  ];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}
