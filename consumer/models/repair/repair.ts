import { modelLimits } from "../../../shared/limits.ts";
import type { ToolOffer } from "../../../shared/models/model.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { isRecord, type Json, nestsBeyond, parseJson } from "../../../shared/text/json.ts";
import { findLossyNumber, quoteLossyNumbers } from "../../../shared/text/json_numbers.ts";
import { findIllFormed, toWellFormed } from "../../../shared/text/well_formed.ts";
import { coerceTo } from "./coerce.ts";
import { parseWithoutLastBrace, readLoosely } from "./loose_json.ts";
import { withoutProgramFence } from "./program_fence.ts";
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
  /** The endpoint cut the reply, so nothing in it is complete. */
  cut: boolean;
  /** The call was found in text. */
  leaked: boolean;
  /** The endpoint reports that the reply is complete. */
  finished?: boolean;
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "{}" : JSON.stringify(value);
}

/** The arguments as a value. `guess` allows repairs; null where the text cannot be read. */
function readArguments(
  rawArguments: unknown,
  guess: boolean,
): { value: unknown; quirks: Quirk[] } | null {
  if (rawArguments === undefined || rawArguments === null) return { value: {}, quirks: [] };
  if (typeof rawArguments !== "string") return { value: rawArguments, quirks: [] };
  const text = quoteLossyNumbers(rawArguments.trim());
  if (text === "" || text === "null") return { value: {}, quirks: ["arguments_empty"] };
  if (!guess) {
    const value = parseJson(text);
    return value === undefined ? null : { value, quirks: [] };
  }
  const parsed = readLoosely(text);
  if (parsed === null || typeof parsed.value !== "string") return parsed;
  // The whole object was encoded twice.
  const inner = readLoosely(parsed.value);
  return inner === null || !isRecord(inner.value)
    ? parsed
    : {
        value: inner.value,
        quirks: [...parsed.quirks, ...inner.quirks, "arguments_encoded_twice"],
      };
}

function withoutBrace(text: string): { value: unknown; quirks: Quirk[] } | null {
  const value = parseWithoutLastBrace(text);
  return value === undefined ? null : { value, quirks: ["json_repaired"] };
}

function unknownTool(name: string, tools: readonly ToolOffer[]): string {
  const names = tools.slice(0, modelLimits.namesShownMax).map((tool) => tool.name);
  const offeredNames =
    names.length === 0 ? "No tool is offered now." : `The tools are: ${names.join(", ")}.`;
  return `There is no tool named ${JSON.stringify(name)}. ${offeredNames}`;
}

const problems = {
  cut: "The reply was cut at the output limit before this call was whole, so it was not run. Send it again, shorter.",
  text: "This call was written as text. A tool with effects runs only when it is called through the tool interface.",
  large: `The arguments are larger than ${modelLimits.argumentsBytesMax} bytes. Send less at once.`,
  deep: `The arguments nest more than ${modelLimits.argumentsDepthMax} levels deep. Send them flatter.`,
  shape: "The arguments must be one JSON object.",
};

/**
 * Repairs one call as far as that is safe, and names each repair. For a tool with effects
 * only strict JSON that fits the schema is accepted; a cut reply is never repaired.
 */
export function repairCall(
  call: { name: string; arguments: unknown },
  context: RepairContext,
): RepairedCall {
  const isTooDeep = nestsBeyond(call.arguments, modelLimits.argumentsDepthMax);
  // A value that is nested too deeply would overflow the stack when it is converted to text.
  const fullText = isTooDeep ? "{}" : asText(call.arguments);
  const argumentsText = fullText.slice(0, modelLimits.argumentsBytesMax);
  const read = call.name.slice(0, modelLimits.toolNameReadCharsMax);
  const tool = toolNamed(read, context.tools);
  const name = tool?.name ?? cleanName(read).slice(0, modelLimits.toolNameCharsMax).toWellFormed();
  const quirks: Quirk[] = tool !== null && tool.name !== call.name ? ["tool_name_cleaned"] : [];
  const reject = (problem: string, value: Json | null = null): RepairedCall => ({
    name,
    argumentsText,
    arguments: value,
    problem,
    quirks,
  });
  if (context.cut) return reject(problems.cut);
  if (tool === null) return reject(unknownTool(name, context.tools));
  if (fullText.length > modelLimits.argumentsBytesMax) return reject(problems.large);
  const guess = tool.effect !== "effect";
  if (context.leaked && !guess) return reject(problems.text);
  if (isTooDeep) return reject(problems.deep);
  const args =
    readArguments(call.arguments, guess) ??
    (guess && context.finished === true && !context.leaked ? withoutBrace(argumentsText) : null);
  if (args === null) return reject(unreadable(argumentsText));
  quirks.push(...args.quirks);
  if (!isRecord(args.value)) return reject(problems.shape);
  if (nestsBeyond(args.value, modelLimits.argumentsDepthMax)) return reject(problems.deep);
  const value = cleanArguments(name, args.value, quirks);
  const strict = problemsOf(value, tool.original);
  if (strict.length === 0) return { name, argumentsText, arguments: value, problem: null, quirks };
  const inner = guess ? unwrap(value, tool.original) : null;
  if (inner !== null) quirks.push("arguments_wrapped");
  const candidate = inner ?? value;
  const coerced = guess ? coerceTo(candidate, tool.original, tool.original) : null;
  const remaining = coerced === null ? strict : problemsOf(coerced.value, tool.original);
  if (coerced !== null && remaining.length === 0 && isRecord(coerced.value)) {
    quirks.push(...coerced.quirks);
    return { name, argumentsText, arguments: coerced.value, problem: null, quirks };
  }
  const problem = problemText(name, remaining, tool.original);
  return reject(`${problem}${lostDigits(argumentsText)}`, value);
}

/** The arguments without a fence around a program and without halves of surrogate pairs. */
function cleanArguments(tool: string, value: Json, quirks: Quirk[]): Json {
  const unfenced = withoutProgramFence(tool, value);
  if (unfenced !== null) quirks.push("code_fence_removed");
  const program = unfenced ?? value;
  if (findIllFormed(program) === null) return program;
  const wellFormed = toWellFormed(program);
  return isRecord(wellFormed) ? wellFormed : program;
}

/** A line for the model where a number of the text would lose digits; empty where none would. */
function lostDigits(text: string): string {
  const lossy = findLossyNumber(text);
  return lossy === null
    ? ""
    : `\n${lossy.path}: ${lossy.source} would lose digits as a number: write it as a string.`;
}

const wrapperKeys = ["arguments", "parameters", "input", "args"];

/** The arguments under one more key that the schema does not know; null where they are not wrapped. */
function unwrap(value: Json, schema: Json): Json | null {
  const [only, ...others] = Object.keys(value);
  if (only === undefined || others.length > 0 || !wrapperKeys.includes(only)) return null;
  if (isRecord(schema.properties) && Object.hasOwn(schema.properties, only)) return null;
  const inner = value[only];
  const read = typeof inner === "string" ? parseJson(inner) : inner;
  return isRecord(read) ? read : null;
}

/** What is wrong with the text, in the parser's words, which name the position. */
function unreadable(text: string): string {
  try {
    JSON.parse(text);
    return problems.shape;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : "unreadable";
    return `The arguments are not JSON: ${reason.slice(0, modelLimits.errorTextCharsMax)}. Send the whole call again with valid JSON.`;
  }
}
