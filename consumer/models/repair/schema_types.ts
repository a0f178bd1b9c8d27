import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";

/** The schema that a local `$ref` names, or undefined. */
export function refTarget(root: Json, ref: string): unknown {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) return undefined;
  let at: unknown = root;
  for (const raw of ref.slice("#/".length).split("/")) {
    const key = decodePointer(raw);
    if (key === null) return undefined;
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isRecord(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}

function decodePointer(part: string): string | null {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return null;
  }
}

/** The schema with its chain of `$ref`s followed, to a bounded depth; siblings of `$ref` win. */
export function resolved(schema: unknown, root: Json): Json | null {
  let at = schema;
  let siblings: Json = {};
  for (let depth = 0; depth < modelLimits.refDepthMax; depth += 1) {
    if (!isRecord(at)) return null;
    if (typeof at.$ref !== "string") return { ...at, ...siblings };
    const { $ref, ...rest } = at;
    siblings = { ...rest, ...siblings };
    at = refTarget(root, at.$ref);
  }
  return null;
}

function typeOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

/** The types that a schema admits; an empty set where it admits any. */
export function typesOf(schema: unknown, root: Json, depth: number = 0): ReadonlySet<string> {
  const plain = resolved(schema, root);
  if (plain === null || depth > modelLimits.refDepthMax) return new Set();
  if (typeof plain.type === "string") return new Set([plain.type]);
  if (Array.isArray(plain.type)) return new Set(plain.type.filter((t) => typeof t === "string"));
  if (Array.isArray(plain.enum)) return new Set(plain.enum.map(typeOfValue));
  if ("const" in plain) return new Set([typeOfValue(plain.const)]);
  for (const key of ["anyOf", "oneOf"]) {
    const branches = plain[key];
    if (!Array.isArray(branches)) continue;
    const each = branches.map((branch) => typesOf(branch, root, depth + 1));
    return each.some((types) => types.size === 0)
      ? new Set()
      : new Set(each.flatMap((t) => [...t]));
  }
  if (Array.isArray(plain.allOf)) {
    const first = plain.allOf
      .map((branch) => typesOf(branch, root, depth + 1))
      .find((types) => types.size > 0);
    if (first !== undefined) return first;
  }
  return isRecord(plain.properties) ? new Set(["object"]) : new Set();
}
