/** What a step did, as text. Pure. */
import type { Step } from "../../../data/responses.ts";
import { formatValue, visibleLine } from "../../../text/visible.ts";

/** The output of a model step. */
interface ModelOutput {
  text?: string;
  reasoning?: string;
  calls?: readonly { name: string; arguments: unknown; problem?: string }[];
  finish?: string;
  error?: { code?: string; message?: string };
  times?: number;
}

export const modelOutput = ({ output }: Step): ModelOutput =>
  typeof output === "object" && output !== null ? (output as ModelOutput) : {};

const summaryCharsMax = 140;

/** One line: the called tools, the text, the error, or the arguments of a tool call. */
export function stepSummary(step: Step): string {
  if (step.kind === "tool") return visibleLine(toolSummary(step), summaryCharsMax);
  const { calls = [], text = "", error } = modelOutput(step);
  if (error !== undefined) return visibleLine(error.message ?? error.code ?? "", summaryCharsMax);
  if (calls.length === 0) return visibleLine(text, summaryCharsMax);
  return `→ ${visibleLine(calls.map(({ name }) => name).join(", "), summaryCharsMax)}`;
}

/** Of a rejected call, why; of a call with one argument, its value. */
function toolSummary({ status, input, output }: Step): string {
  if (status === "refused" || input === null || input === undefined) return formatValue(output);
  const values = typeof input === "object" ? Object.values(input) : [input];
  return values.length === 1 ? formatValue(values[0]).trim() : JSON.stringify(input);
}

/** The arguments of a call; texts of several lines, such as programs, keep their line breaks. */
export function argumentsText(value: unknown): string {
  if (typeof value !== "object" || value === null) return formatValue(value);
  const isLong = (argument: unknown) => typeof argument === "string" && argument.includes("\n");
  const entries = Object.entries(value);
  const longEntries = entries.filter(([, argument]) => isLong(argument));
  if (longEntries.length === 0) return formatValue(value);
  const short = entries.filter(([, argument]) => !isLong(argument));
  const head = short.length === 0 ? [] : [formatValue(Object.fromEntries(short))];
  return [...head, ...longEntries.map(([name, text]) => `${name}:\n${String(text)}`)].join("\n\n");
}
