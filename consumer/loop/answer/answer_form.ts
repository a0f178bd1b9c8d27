/** The form of the answer: read from a call of `final_answer` or from text, and always validated. */

import { modelLimits } from "../../../shared/limits.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { isRecord, nestsBeyond, parseJson } from "../../../shared/text/json.ts";
import { quoteLossyNumbers } from "../../../shared/text/json_numbers.ts";
import { coerceTo } from "../../models/repair/coerce.ts";
import { jsonFences, withoutFence } from "../../models/repair/fence.ts";
import { readLoosely } from "../../models/repair/loose_json.ts";
import { fits } from "../../models/repair/validate.ts";
import { finalAnswerName, textOutputSchema } from "../../tools/catalog.ts";

/** What the answer must be. Tools take objects, so a schema of anything else is wrapped in one field. */
export interface AnswerForm {
  /** The schema of `final_answer`'s arguments. */
  schema: Record<string, unknown>;
  wrapped: boolean;
  /** True when the task gives no schema, and plain text is an answer. */
  plainText: boolean;
}

export function answerForm(task: DurableTask): AnswerForm {
  const schema = task.output_schema as Record<string, unknown> | undefined;
  if (schema === undefined) return { schema: textOutputSchema, wrapped: false, plainText: true };
  const isObject =
    schema.type === "object" || (schema.type === undefined && "properties" in schema);
  if (isObject) return { schema, wrapped: false, plainText: false };
  return { schema: wrap(schema), wrapped: true, plainText: false };
}

/** Definitions stay at the root, where references find them; references to the root move with it. */
function wrap(schema: Record<string, unknown>): Record<string, unknown> {
  const { $defs, definitions, ...rest } = schema;
  return {
    type: "object",
    properties: { value: moveReferences(rest) },
    required: ["value"],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs: moveReferences($defs) }),
    ...(definitions === undefined ? {} : { definitions: moveReferences(definitions) }),
  };
}

function moveReferences(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(moveReferences);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" ? moveReference(value) : moveReferences(value),
    ]),
  );
}

function moveReference(reference: string): string {
  if (!reference.startsWith("#") || /^#\/(\$defs|definitions)\//.test(reference)) return reference;
  return `#/properties/value${reference.slice(1)}`;
}

export function unwrapAnswer(form: AnswerForm, args: Record<string, unknown>): unknown {
  return form.wrapped ? args.value : args;
}

/**
 * The arguments of `final_answer` that a value represents: the value itself, the value in the wrapper's
 * field, or the arguments of a call that was written out as JSON. Null where none of them fits.
 */
export function answerArguments(form: AnswerForm, value: unknown): Record<string, unknown> | null {
  if (value === undefined || nestsBeyond(value, modelLimits.argumentsDepthMax)) return null;
  const readings: unknown[] = form.wrapped ? [{ value }, value] : [value];
  if (isRecord(value) && value.name === finalAnswerName) {
    readings.push(value.arguments ?? value.parameters);
  }
  for (const reading of readings) {
    if (!isRecord(reading)) continue;
    if (fits(reading, form.schema)) return reading;
    const answer = coerceTo(reading, form.schema, form.schema).value;
    if (isRecord(answer) && fits(answer, form.schema)) return answer;
  }
  return null;
}

/** The JSON values in a text that was requested as JSON: all of it, its fences, its outermost brackets. */
export function parseCandidates(text: string): unknown[] {
  const trimmed = text.trim();
  const fences = jsonFences(trimmed);
  const brackets = ["{}", "[]"].flatMap(([open = "", close = ""]) => {
    const [from, to] = [trimmed.indexOf(open), trimmed.lastIndexOf(close)];
    return from === -1 || to < from ? [] : [trimmed.slice(from, to + 1)];
  });
  return [trimmed, ...fences.toReversed(), ...brackets].flatMap((source) => {
    const parsed = readLoosely(source);
    return parsed === null ? [] : [parsed.value];
  });
}

/** A text that is only JSON, bare or fenced, as models write it when they forget the tool; else undefined. */
export function parseWholeText(text: string): unknown {
  return parseJson(quoteLossyNumbers(withoutFence(text)));
}
