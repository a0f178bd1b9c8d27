import { modelLimits } from "../../../shared/limits.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { isRecord, type Json, parseJson } from "../../../shared/text/json.ts";
import { isLossless } from "../../../shared/text/json_numbers.ts";
import { resolved, typesOf } from "./schema_types.ts";
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
  const coerced = coerce(value, schema, { root, quirks, depth: 0 });
  return { value: coerced, quirks: [...quirks] };
}

interface Context {
  root: Json;
  quirks: Set<Quirk>;
  depth: number;
}

function coerce(value: unknown, schema: unknown, context: Context): unknown {
  const plain = resolved(schema, context.root);
  if (plain === null || context.depth > modelLimits.decodeDepthMax) return value;
  const deeper = { ...context, depth: context.depth + 1 };
  const branch = chosenBranch(value, plain, deeper);
  if (branch !== null) return branch.value;
  const types = typesOf(plain, context.root);
  const typed = retype(value, types, plain, context.quirks);
  if (Array.isArray(typed)) {
    const prefix: readonly unknown[] = Array.isArray(plain.prefixItems) ? plain.prefixItems : [];
    return typed.map((item, index) => coerce(item, prefix[index] ?? plain.items, deeper));
  }
  if (isRecord(typed)) return coerceRecord(typed, plain, deeper);
  return typed;
}

/** The first branch of a union that the coerced value fits. */
function chosenBranch(value: unknown, plain: Json, context: Context): { value: unknown } | null {
  const branches = [plain.anyOf, plain.oneOf].find(Array.isArray);
  if (branches === undefined) return null;
  const { $defs, definitions } = context.root;
  for (const branch of branches) {
    const attempted = new Set<Quirk>();
    const coerced = coerce(value, branch, { ...context, quirks: attempted });
    const fullBranch = isRecord(branch)
      ? { ...branch, ...($defs ? { $defs } : {}), ...(definitions ? { definitions } : {}) }
      : branch;
    if (!fits(coerced, fullBranch)) continue;
    for (const quirk of attempted) context.quirks.add(quirk);
    return { value: coerced };
  }
  return null;
}

function coerceRecord(value: Json, plain: Json, context: Context): Json {
  const properties = isRecord(plain.properties) ? plain.properties : {};
  const required: readonly unknown[] = Array.isArray(plain.required) ? plain.required : [];
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const known = Object.hasOwn(properties, key);
    const schema = known ? properties[key] : plain.additionalProperties;
    if (inner === null && known && !required.includes(key)) {
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
  plain: Json,
  quirks: Set<Quirk>,
): unknown {
  if (types.size === 0) return value;
  if (typeof value === "string") return fromText(value, types, plain, quirks);
  const here = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (types.has(here) || (here === "number" && types.has("integer"))) return value;
  const note = (quirk: Quirk, changed: unknown): unknown => {
    quirks.add(quirk);
    return changed;
  };
  if (types.has("string") && here !== "null") {
    // A number beyond 2^53 has already lost digits, so its text would be wrong.
    if (here === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) return value;
    return note(
      "value_made_text",
      here === "object" || here === "array" ? JSON.stringify(value) : String(value),
    );
  }
  if (types.has("array") && here !== "null") return note("value_made_list", [value]);
  return value;
}

function fromText(
  text: string,
  types: ReadonlySet<string>,
  plain: Json,
  quirks: Set<Quirk>,
): unknown {
  const trimmed = text.trim();
  if (types.has("string")) return enumCase(text, plain, quirks);
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
function enumCase(text: string, plain: Json, quirks: Set<Quirk>): string {
  if (!Array.isArray(plain.enum) || plain.enum.includes(text)) return text;
  const alike = plain.enum.filter(
    (choice) => typeof choice === "string" && choice.toLowerCase() === text.trim().toLowerCase(),
  );
  const [only, ...others] = alike;
  if (typeof only !== "string" || others.length > 0) return text;
  quirks.add("choice_case_mended");
  return only;
}
