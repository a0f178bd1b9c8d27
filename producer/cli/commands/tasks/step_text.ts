import type { StepResponse } from "../../../api/traces/responses.ts";
import { costText, count, span } from "../../output/format.ts";

/** The output of a step for one table cell: a model's text and calls, or a tool's output. */
export function stepSummary({ kind, output }: StepResponse): string {
  const reply = kind === "model" ? asRecord(output) : null;
  if (reply === null) return asText(output ?? "");
  const calls = asList(reply.calls).map((call) => {
    const { name, arguments: args } = asRecord(call) ?? {};
    return `→ ${asText(name)} ${asText(args)}`;
  });
  const parts = [asText(reply.text ?? ""), ...calls].filter((part) => part.trim() !== "");
  return parts.length === 0 ? asText(output ?? "") : parts.join(" ");
}

/** A step in full: a head, then each text of its input and output below its name. */
export function stepText(step: StepResponse): string {
  const {
    prompt_tokens = 0,
    completion_tokens = 0,
    cost_usd = 0,
    unpriced_tokens = 0,
  } = step.usage ?? {};
  const usage = { prompt_tokens, completion_tokens, cost_usd, unpriced_tokens };
  const tokens = prompt_tokens + completion_tokens;
  const head = [
    `step ${step.seq}: ${step.kind} ${step.name}, ${step.status}, ${span(step.duration_ms)}`,
    ...(tokens === 0 ? [] : [`${count(tokens)} tokens, ${costText(usage, step.name)}`]),
    ...((step.quirks ?? []).length === 0 ? [] : [`quirks: ${step.quirks?.join(" ")}`]),
  ];
  const parts = [...sections("input", step.input), ...sections("output", step.output)];
  return [head.join("\n"), ...parts.map(([name, text]) => `--- ${name}\n${text}`)].join("\n\n");
}

/** Each field of an object separately, so that code and text keep their lines. */
function sections(name: string, value: unknown): [string, string][] {
  const fields = asRecord(value);
  if (fields === null) return value === undefined ? [] : [[name, asText(value)]];
  return Object.entries(fields).flatMap(([field, inner]): [string, string][] => {
    if (inner === "" || (Array.isArray(inner) && inner.length === 0)) return [];
    if (field === "calls") return asList(inner).flatMap(callSections);
    return [[`${name}.${field}`, asText(inner)]];
  });
}

function callSections(call: unknown, number: number): [string, string][] {
  const { name, arguments: args } = asRecord(call) ?? {};
  return sections(`call ${number + 1}: ${asText(name)}`, args ?? {});
}

const asText = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const asRecord = (value: unknown): Record<string, unknown> | null =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
