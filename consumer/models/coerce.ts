import { modelLimits } from "../../shared/limits.ts";
import { isRecord, type Json, parseJson } from "./json.ts";
import type { Quirk } from "./quirks.ts";
import { resolved, typesOf } from "./schema_types.ts";
import { fits } from "./validate.ts";

/** A value bent towards its schema, with a word for each kind of bending. */
export interface Coerced {
  value: unknown;
  quirks: Quirk[];
}

const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Bends a value that failed validation towards its schema, only where the schema leaves
 * one reading: text decoded where an array or object is wanted, numbers and booleans read
 * from text, null dropped where an optional property was meant to be left out, a scalar
 * made a list of one. What the schema calls a string is never touched.
 */
export function coerceTo(value: unknown, schema: unknown, root: Json): Coerced {
  const quirks = new Set<Quirk>();
  const bent = bend(value, schema, { root, quirks, depth: 0 });
  return { value: bent, quirks: [...quirks] };
}

interface Walk {
  root: Json;
  quirks: Set<Quirk>;
  depth: number;
}

function bend(value: unknown, schema: unknown, walk: Walk): unknown {
  const plain = resolved(schema, walk.root);
  if (plain === null || walk.depth > modelLimits.decodeDepthMax) return value;
  const deeper = { ...walk, depth: walk.depth + 1 };
  const branch = chosenBranch(value, plain, deeper);
  if (branch !== null) return branch.value;
  const types = typesOf(plain, walk.root);
  const typed = retype(value, types, plain, walk.quirks);
  if (Array.isArray(typed)) {
    const prefix: readonly unknown[] = Array.isArray(plain.prefixItems) ? plain.prefixItems : [];
    return typed.map((item, index) => bend(item, prefix[index] ?? plain.items, deeper));
  }
  if (isRecord(typed)) return bendRecord(typed, plain, deeper);
  return typed;
}

/** The first branch of a union that the value fits once it is bent. */
function chosenBranch(value: unknown, plain: Json, walk: Walk): { value: unknown } | null {
  const branches = [plain.anyOf, plain.oneOf].find(Array.isArray);
  if (branches === undefined) return null;
  const { $defs, definitions } = walk.root;
  for (const branch of branches) {
    const attempted = new Set<Quirk>();
    const bent = bend(value, branch, { ...walk, quirks: attempted });
    const whole = isRecord(branch)
      ? { ...branch, ...($defs ? { $defs } : {}), ...(definitions ? { definitions } : {}) }
      : branch;
    if (!fits(bent, whole)) continue;
    for (const quirk of attempted) walk.quirks.add(quirk);
    return { value: bent };
  }
  return null;
}

function bendRecord(value: Json, plain: Json, walk: Walk): Json {
  const properties = isRecord(plain.properties) ? plain.properties : {};
  const required: readonly unknown[] = Array.isArray(plain.required) ? plain.required : [];
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const known = Object.hasOwn(properties, key);
    const schema = known ? properties[key] : plain.additionalProperties;
    if (inner === null && known && !required.includes(key)) {
      const types = typesOf(schema, walk.root);
      if (types.size > 0 && !types.has("null")) {
        walk.quirks.add("null_dropped");
        return [];
      }
    }
    return [[key, bend(inner, schema, walk)]];
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
  const note = (quirk: Quirk, bent: unknown): unknown => {
    quirks.add(quirk);
    return bent;
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
    const wanted =
      (Array.isArray(decoded) && types.has("array")) || (isRecord(decoded) && types.has("object"));
    if (wanted) {
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
  if (numberText.test(text)) {
    const number = Number(text);
    if (types.has("number") && Number.isFinite(number)) return number;
    if (types.has("integer") && Number.isSafeInteger(number)) return number;
  }
  if (types.has("boolean") && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (types.has("null") && /^(null|none)$/i.test(text)) return null;
  return undefined;
}

/** A choice written in another case, where just one choice is meant. */
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
