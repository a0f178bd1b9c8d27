import { isDeepStrictEqual } from "node:util";
import type { DecisionResponse } from "../../producer/api/egress/responses.ts";
import type { TaskResponse } from "../../producer/api/tasks/responses.ts";
import type { StepResponse } from "../../producer/api/traces/responses.ts";
import type { Expectation } from "../expectations.ts";

/** What a task left, fetched through the API. */
export interface Trace {
  task: TaskResponse;
  steps: StepResponse[];
  decisions: DecisionResponse[];
  /** The text of the workspace files that the expectation names, by path; null if there is no such file. */
  files: Record<string, string | null>;
}

/** How a task differs from its expectation, one sentence each; empty if it does not. */
export function findDifferences(expected: Expectation, actual: Trace): string[] {
  const { task, steps, decisions, files } = actual;
  return [
    ...compare("status", expected.status, task.status),
    ...compare("reason", expected.reason, task.reason),
    ...(expected.output === undefined ? [] : compare("output", expected.output, task.output)),
    ...(expected.text === undefined ? [] : compareText(expected.text, task.output)),
    ...(expected.tools === undefined
      ? []
      : compare("tool steps", expected.tools, toolNames(steps))),
    ...(expected.quirks ?? [])
      .filter((quirk) => !task.quirks.includes(quirk))
      .map((quirk) => `quirk ${quirk} is missing: ${JSON.stringify(task.quirks)}`),
    ...(expected.egress === undefined
      ? []
      : compare("decisions", expected.egress, byAction(decisions))),
    ...Object.entries(expected.files ?? {}).flatMap(([path, words]) =>
      compareFile(path, words, files[path] ?? null),
    ),
  ];
}

/** Finds the credential in a trace, plain, base64 or URL-encoded: no agent may see it. */
export function findLeaks(secret: string, trace: Trace): string[] {
  const text = JSON.stringify(trace);
  const forms = [secret, btoa(secret), encodeURIComponent(secret)];
  return forms.some((form) => text.includes(form))
    ? ["the injected credential is in the trace of the task"]
    : [];
}

function compare(what: string, expected: unknown, actual: unknown): string[] {
  return isDeepStrictEqual(expected, actual)
    ? []
    : [`${what} should be ${shortJson(expected)}, is ${shortJson(actual)}`];
}

function compareText(words: string, output: unknown): string[] {
  const text =
    output !== null && typeof output === "object" && "text" in output ? String(output.text) : "";
  return text.includes(words)
    ? []
    : [`the output text lacks ${shortJson(words)}: ${shortJson(output)}`];
}

const toolNames = (steps: readonly StepResponse[]): string[] =>
  steps.filter(({ kind }) => kind === "tool").map(({ name }) => name);

function byAction(decisions: readonly DecisionResponse[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of decisions) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

function compareFile(
  path: string,
  { contains, excludes = [] }: { contains: string[]; excludes?: string[] },
  text: string | null,
): string[] {
  if (text === null) return [`there is no file ${path}`];
  return [
    ...contains
      .filter((words) => !text.includes(words))
      .map((words) => `${path} does not contain ${shortJson(words)}`),
    ...excludes
      .filter((words) => text.includes(words))
      .map((words) => `${path} contains ${shortJson(words)}`),
  ];
}

function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}
