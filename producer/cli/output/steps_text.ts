import type { StepAnswer } from "../../api/tasks/responses.ts";
import { count, span, spent } from "./format.ts";

/** What came of a step, for one cell: a model's words and calls, a tool's answer. */
export function outcomeText({ kind, output }: StepAnswer): string {
  const reply = kind === "model" ? record(output) : null;
  if (reply === null) return plain(output ?? "");
  const calls = list(reply.calls).map((call) => {
    const { name, arguments: given } = record(call) ?? {};
    return `→ ${plain(name)} ${plain(given)}`;
  });
  const words = [plain(reply.text ?? ""), ...calls].filter((part) => part.trim() !== "");
  return words.length === 0 ? plain(output ?? "") : words.join(" ");
}

/** One step whole: a head, then every text of its input and output under its name. */
export function stepText(step: StepAnswer): string {
  const {
    prompt_tokens: asked = 0,
    completion_tokens: answered = 0,
    cost_usd = 0,
    unpriced_tokens = 0,
  } = step.usage ?? {};
  const usage = { prompt_tokens: asked, completion_tokens: answered, cost_usd, unpriced_tokens };
  const head = [
    `step ${step.seq}: ${step.kind} ${step.name}, ${step.status}, ${span(step.duration_ms)}`,
    ...(asked + answered === 0
      ? []
      : [`${count(asked + answered)} tokens, ${spent(usage, step.name)}`]),
    ...((step.quirks ?? []).length === 0 ? [] : [`quirks: ${step.quirks?.join(" ")}`]),
  ];
  const parts = [...sections("input", step.input), ...sections("output", step.output)];
  return [head.join("\n"), ...parts.map(([name, text]) => `--- ${name}\n${text}`)].join("\n\n");
}

/** The fields of an object apart, so that code and text keep their lines. */
function sections(name: string, value: unknown): [string, string][] {
  const fields = record(value);
  if (fields === null) return value === undefined ? [] : [[name, plain(value)]];
  return Object.entries(fields).flatMap(([field, inner]): [string, string][] => {
    if (inner === "" || (Array.isArray(inner) && inner.length === 0)) return [];
    if (field === "calls") return list(inner).flatMap(callSections);
    return [[`${name}.${field}`, plain(inner)]];
  });
}

function callSections(call: unknown, at: number): [string, string][] {
  const { name, arguments: given } = record(call) ?? {};
  return sections(`call ${at + 1}: ${plain(name)}`, given ?? {});
}

const plain = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const record = (value: unknown): Record<string, unknown> | null =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
