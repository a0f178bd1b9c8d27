import { modelLimits } from "../../shared/limits.ts";
import { coerceTo } from "./coerce.ts";
import { isRecord, type Json, nestsBeyond, parseJson } from "./json.ts";
import { readLoosely } from "./loose_json.ts";
import type { ToolOffer } from "./model.ts";
import type { Quirk } from "./quirks.ts";
import { cleanName, toolNamed } from "./tool_name.ts";
import { problemsOf, problemText } from "./validate.ts";

/** A call after repair, before it has an id. The fields mean what `Call`'s mean. */
export interface RepairedCall {
  name: string;
  argumentsText: string;
  arguments: Json | null;
  problem: string | null;
  quirks: Quirk[];
}

export interface RepairContext {
  tools: readonly ToolOffer[];
  /** The endpoint cut the reply: nothing in it is whole. */
  cut: boolean;
  /** The call was found in text. */
  leaked: boolean;
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "{}" : JSON.stringify(value);
}

/** The arguments as an object, by the boldest means that this tool allows. */
function readArguments(sent: unknown, guess: boolean): { value: unknown; quirks: Quirk[] } | null {
  if (sent === undefined || sent === null) return { value: {}, quirks: [] };
  if (typeof sent !== "string") return { value: sent, quirks: [] };
  const text = sent.trim();
  if (text === "" || text === "null") return { value: {}, quirks: ["arguments_empty"] };
  if (!guess) {
    const value = parseJson(text);
    return value === undefined ? null : { value, quirks: [] };
  }
  const loose = readLoosely(text);
  if (loose === null || typeof loose.value !== "string") return loose;
  // The whole object was encoded twice.
  const inner = readLoosely(loose.value);
  return inner === null || !isRecord(inner.value)
    ? loose
    : { value: inner.value, quirks: [...loose.quirks, ...inner.quirks, "arguments_encoded_twice"] };
}

function unknownTool(name: string, tools: readonly ToolOffer[]): string {
  const names = tools.slice(0, modelLimits.namesShownMax).map((tool) => tool.name);
  const offered =
    names.length === 0 ? "No tool is offered now." : `The tools are: ${names.join(", ")}.`;
  return `There is no tool named ${JSON.stringify(name)}. ${offered}`;
}

const problems = {
  cut: "The reply was cut at the output limit before this call was whole, so it was not run. Send it again, shorter.",
  text: "This call was written as text. A tool with effects runs only when it is called through the tool interface.",
  large: `The arguments are larger than ${modelLimits.argumentsBytesMax} bytes. Send less at once.`,
  deep: `The arguments nest more than ${modelLimits.argumentsDepthMax} levels deep. Send them flatter.`,
  shape: "The arguments must be one JSON object.",
};

/**
 * Mends one call as far as that is safe, and says what was mended. For a tool with
 * effects only strict JSON that fits the schema is taken; a cut reply is never mended.
 */
export function repairCall(
  sent: { name: string; arguments: unknown },
  context: RepairContext,
): RepairedCall {
  const full = asText(sent.arguments);
  const argumentsText = full.slice(0, modelLimits.argumentsBytesMax);
  const read = sent.name.slice(0, modelLimits.toolNameReadCharsMax);
  const tool = toolNamed(read, context.tools);
  const name = tool?.name ?? cleanName(read).slice(0, modelLimits.toolNameCharsMax).toWellFormed();
  const quirks: Quirk[] = tool !== null && tool.name !== sent.name ? ["tool_name_cleaned"] : [];
  const refused = (problem: string, value: Json | null = null): RepairedCall => ({
    name,
    argumentsText,
    arguments: value,
    problem,
    quirks,
  });
  if (context.cut) return refused(problems.cut);
  if (tool === null) return refused(unknownTool(name, context.tools));
  if (full.length > modelLimits.argumentsBytesMax) return refused(problems.large);
  const guess = tool.effect !== "effect";
  if (context.leaked && !guess) return refused(problems.text);
  const args = readArguments(sent.arguments, guess);
  if (args === null) return refused(unreadable(argumentsText));
  quirks.push(...args.quirks);
  if (!isRecord(args.value)) return refused(problems.shape);
  if (nestsBeyond(args.value, modelLimits.argumentsDepthMax)) return refused(problems.deep);
  const strict = problemsOf(args.value, tool.original);
  if (strict === null) return { name, argumentsText, arguments: args.value, problem: null, quirks };
  const bent = guess ? coerceTo(args.value, tool.original, tool.original) : null;
  const left = bent === null ? strict : problemsOf(bent.value, tool.original);
  if (bent !== null && left === null && isRecord(bent.value)) {
    quirks.push(...bent.quirks);
    return { name, argumentsText, arguments: bent.value, problem: null, quirks };
  }
  return refused(problemText(name, left ?? strict, tool.original), args.value);
}

/** What is wrong with the text, in the parser's own words, which name the place. */
function unreadable(text: string): string {
  try {
    JSON.parse(text);
    return problems.shape;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : "unreadable";
    return `The arguments are not JSON: ${why.slice(0, modelLimits.errorTextCharsMax)}. Send the whole call again with valid JSON.`;
  }
}
