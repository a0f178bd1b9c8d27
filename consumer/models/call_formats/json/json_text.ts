import type { ToolOffer } from "../../../../shared/models/model.ts";
import { isRecord } from "../../../../shared/text/json.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import { toolNamed } from "../../repair/tool_name.ts";
import { fits } from "../../repair/validate.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, jsonEnd, skipSpace, skipToken } from "../scan.ts";
import { type NamedCall, namedCalls } from "./named_json.ts";

const argumentKey = /"(?:arguments|parameters|args|input|tool_input|action_input)"\s*:/;

/**
 * Without marks, an answer that happens to be JSON with a `name` looks like a call, so
 * arguments written flat next to the name count only where they fit the tool exactly.
 */
function offeredCalls(source: string, tools: readonly ToolOffer[]): NamedCall[] {
  const parsed = readLoosely(source);
  if (parsed === null) return [];
  const calls = namedCalls(parsed.value);
  if (argumentKey.test(source)) return calls;
  return calls.every((call) => {
    const schema = toolNamed(call.name, tools)?.original;
    const hasArguments = isRecord(call.arguments) && Object.keys(call.arguments).length > 0;
    return hasArguments && schema !== undefined && fits(call.arguments, schema);
  })
    ? calls
    : [];
}

/** The calls in code fences that are labelled as calls. */
function labelledCalls(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  return ["tool_call", "tool_calls", "tool_use", "function_call"].flatMap((label) =>
    blocks(text, `\`\`\`${label}\n`, "```").flatMap(({ start, end, inner }) =>
      offeredCalls(inner.trim(), tools).map((call) => ({ ...call, start, end })),
    ),
  );
}

export const labelledFence: CallFormat = {
  name: "json_fence",
  wholeText: false,
  find: labelledCalls,
};

/** The sources of several JSON values that only spaces, commas or semicolons separate. */
function sequence(text: string): string[] | null {
  const sources: string[] = [];
  for (let position = skipSpace(text, 0); position < text.length; ) {
    const end = jsonEnd(text, position);
    if (end === null) return null;
    sources.push(text.slice(position, end));
    position = skipSpace(text, skipToken(text, end, ";", ","));
  }
  return sources;
}

function wholly(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  const calls = (sequence(text) ?? [text]).map((source) => offeredCalls(source, tools));
  if (calls.some((each) => each.length === 0)) return [];
  return calls.flat().map((call) => ({ ...call, start: 0, end: text.length }));
}

/** `{"name", "arguments"}` or a list of them as the whole text. */
export const bareJson: CallFormat = { name: "bare_json", wholeText: true, find: wholly };
