import { modelLimits } from "../../../shared/limits.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { isRecord, type Json, parseJson } from "../../../shared/text/json.ts";
import { isLossless } from "../../../shared/text/json_numbers.ts";
import { resolveSchema, typesOf } from "./schema_types.ts";
import { fits } from "./validate.ts";

/** A value changed to fit its schema, with a quirk for each kind of change. */
export interface Coerced {
  value: unknown;
  quirks: Quirk[];
}

const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Changes a value that failed validation so that it fits its schema, only where the schema
 * leaves one reading: text decoded where an array or object is wanted, numbers and booleans read
 * from text, null dropped where an optional property was meant to be left out, a scalar
 * made a list of one. What the schema calls a string is never touched.
 */
export function coerceTo(value: unknown, schema: unknown, root: Json): Coerced {
  const quirks = new Set<Quirk>();
  const result = coerce(value, schema, { root, quirks, depth: 0 });
  return { value: result, quirks: [...quirks] };
}

interface Context {
  root: Json;
  quirks: Set<Quirk>;
  depth: number;
}

function coerce(value: unknown, schema: unknown, context: Context): unknown {
  const resolvedSchema = resolveSchema(schema, context.root);
  if (resolvedSchema === null || context.depth > modelLimits.decodeDepthMax) return value;
  const deeper = { ...context, depth: context.depth + 1 };
  const branch = chosenBranch(value, resolvedSchema, deeper);
  if (branch !== null) return branch.value;
  const types = typesOf(resolvedSchema, context.root);
  const retyped = retype(value, types, resolvedSchema, context.quirks);
  if (Array.isArray(retyped)) {
    const prefix: readonly unknown[] = Array.isArray(resolvedSchema.prefixItems)
      ? resolvedSchema.prefixItems
      : [];
    return retyped.map((item, index) =>
      coerce(item, prefix[index] ?? resolvedSchema.items, deeper),
    );
  }
  if (isRecord(retyped)) return coerceRecord(retyped, resolvedSchema, deeper);
  return retyped;
}

/** The first branch of a union that the coerced value fits. */
function chosenBranch(
  value: unknown,
  resolvedSchema: Json,
  context: Context,
): { value: unknown } | null {
  const branches = [resolvedSchema.anyOf, resolvedSchema.oneOf].find(Array.isArray);
  if (branches === undefined) return null;
  const { $defs, definitions } = context.root;
  for (const branch of branches) {
    const branchQuirks = new Set<Quirk>();
    const coerced = coerce(value, branch, { ...context, quirks: branchQuirks });
    const fullBranch = isRecord(branch)
      ? { ...branch, ...($defs ? { $defs } : {}), ...(definitions ? { definitions } : {}) }
      : branch;
    if (!fits(coerced, fullBranch)) continue;
    for (const quirk of branchQuirks) context.quirks.add(quirk);
    return { value: coerced };
  }
  return null;
}

function coerceRecord(value: Json, resolvedSchema: Json, context: Context): Json {
  const properties = isRecord(resolvedSchema.properties) ? resolvedSchema.properties : {};
  const required: readonly unknown[] = Array.isArray(resolvedSchema.required)
    ? resolvedSchema.required
    : [];
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const isDeclared = Object.hasOwn(properties, key);
    const schema = isDeclared ? properties[key] : resolvedSchema.additionalProperties;
    if (inner === null && isDeclared && !required.includes(key)) {
      const types = typesOf(schema, context.root);
      if (types.size > 0 && !types.has("null")) {
        context.quirks.add("null_dropped");
        return [];
      }
    }
    return [[key, coerce(inner, schema, context)]];
  });
  return Object.fromEntries(entries);
}

function retype(
  value: unknown,
  types: ReadonlySet<string>,
  resolvedSchema: Json,
  quirks: Set<Quirk>,
): unknown {
  if (types.size === 0) return value;
  if (typeof value === "string") return fromText(value, types, resolvedSchema, quirks);
  const ownType = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (types.has(ownType) || (ownType === "number" && types.has("integer"))) return value;
  const note = (quirk: Quirk, newValue: unknown): unknown => {
    quirks.add(quirk);
    return newValue;
  };
  if (types.has("string") && ownType !== "null") {
    // A number beyond 2^53 has already lost digits, so its text would be wrong.
    if (ownType === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
      return value;
    return note(
      "value_made_text",
      ownType === "object" || ownType === "array" ? JSON.stringify(value) : String(value),
    );
  }
  if (types.has("array") && ownType !== "null") return note("value_made_list", [value]);
  return value;
}

function fromText(
  text: string,
  types: ReadonlySet<string>,
  resolvedSchema: Json,
  quirks: Set<Quirk>,
): unknown {
  const trimmed = text.trim();
  if (types.has("string")) return enumCase(text, resolvedSchema, quirks);
  if (types.has("array") || types.has("object")) {
    const decoded = parseJson(trimmed);
    const hasWantedType =
      (Array.isArray(decoded) && types.has("array")) || (isRecord(decoded) && types.has("object"));
    if (hasWantedType) {
      quirks.add("nested_json_decoded");
      return decoded;
    }
  }
  const scalar = scalarFrom(trimmed, types);
  if (scalar !== undefined) {
    quirks.add("text_made_value");
    return scalar;
  }
  if (types.has("array") && !/^[[{]/.test(trimmed)) {
    quirks.add("value_made_list");
    return [text];
  }
  return text;
}

function scalarFrom(text: string, types: ReadonlySet<string>): unknown {
  if (numberText.test(text) && isLossless(text)) {
    const number = Number(text);
    if (types.has("number") && Number.isFinite(number)) return number;
    if (types.has("integer") && Number.isSafeInteger(number)) return number;
  }
  if (types.has("boolean") && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (types.has("null") && /^(null|none)$/i.test(text)) return null;
  return undefined;
}

/** A choice in another case, where exactly one choice is meant. */
function enumCase(text: string, resolvedSchema: Json, quirks: Set<Quirk>): string {
  if (!Array.isArray(resolvedSchema.enum) || resolvedSchema.enum.includes(text)) return text;
  const alike = resolvedSchema.enum.filter(
    (choice) => typeof choice === "string" && choice.toLowerCase() === text.trim().toLowerCase(),
  );
  const [only, ...others] = alike;
  if (typeof only !== "string" || others.length > 0) return text;
  quirks.add("choice_case_mended");
  return only;
}
