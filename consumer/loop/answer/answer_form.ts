/** The answer: taken from a call of `final_answer`, or from text where the schema lets it, and always validated. */
import { modelLimits } from "../../../shared/limits.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { coerceTo } from "../../models/repair/coerce.ts";
import { isRecord, nestsBeyond } from "../../../shared/json.ts";
import { readLoosely } from "../../models/repair/loose_json.ts";
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

/** References start at the root, so definitions stay there, and references to the root follow it. */
function wrap(schema: Record<string, unknown>): Record<string, unknown> {
  const { $defs, definitions, ...rest } = schema;
  return {
    type: "object",
    properties: { value: moved(rest) },
    required: ["value"],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs: moved($defs) }),
    ...(definitions === undefined ? {} : { definitions: moved(definitions) }),
  };
}

function moved(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(moved);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" ? movedReference(value) : moved(value),
    ]),
  );
}

function movedReference(reference: string): string {
  if (!reference.startsWith("#") || /^#\/(\$defs|definitions)\//.test(reference)) return reference;
  return `#/properties/value${reference.slice(1)}`;
}

export function unwrap(form: AnswerForm, args: Record<string, unknown>): unknown {
  return form.wrapped ? args.value : args;
}

/**
 * The arguments of `final_answer` that a value means: itself, or, where answers are wrapped, itself in
 * the wrapper's field, or what a call that was written out as JSON holds. Null where nothing fits.
 */
export function argumentsOf(
  form: AnswerForm,
  value: unknown,
  validate: (schema: Record<string, unknown>, value: unknown) => string | null,
): Record<string, unknown> | null {
  if (value === undefined || nestsBeyond(value, modelLimits.argumentsDepthMax)) return null;
  const readings: unknown[] = form.wrapped ? [{ value }, value] : [value];
  if (isRecord(value) && value.name === finalAnswerName) {
    readings.push(value.arguments ?? value.parameters);
  }
  for (const reading of readings) {
    if (!isRecord(reading)) continue;
    if (validate(form.schema, reading) === null) return reading;
    const bent = coerceTo(reading, form.schema, form.schema).value;
    if (isRecord(bent) && validate(form.schema, bent) === null) return bent;
  }
  return null;
}

/** The values that a text asked for as JSON may hold: all of it, what a fence holds, its outermost braces. */
export function valuesInText(text: string): unknown[] {
  const trimmed = text.trim();
  const fences = [...trimmed.matchAll(/```(?:json)?\s*\n([\s\S]*?)\n?\s*```/g)].map(
    ([, inner = ""]) => inner,
  );
  const braces = ["{}", "[]"].flatMap(([open = "", close = ""]) => {
    const [from, to] = [trimmed.indexOf(open), trimmed.lastIndexOf(close)];
    return from === -1 || to < from ? [] : [trimmed.slice(from, to + 1)];
  });
  return [trimmed, ...fences.toReversed(), ...braces].flatMap((source) => {
    const read = readLoosely(source);
    return read === null ? [] : [read.value];
  });
}

/** JSON in plain text, bare or fenced: what models write when they forget the tool. */
export function jsonInText(text: string): unknown {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text);
  try {
    return JSON.parse(fenced?.[1] ?? text) as unknown;
  } catch {
    return undefined;
  }
}
