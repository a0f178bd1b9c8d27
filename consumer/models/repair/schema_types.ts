import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";

/** The schema that a local `$ref` names, or undefined. */
export function refTarget(root: Json, ref: string): unknown {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) return undefined;
  let current: unknown = root;
  for (const raw of ref.slice("#/".length).split("/")) {
    const key = decodePointer(raw);
    if (key === null) return undefined;
    if (Array.isArray(current)) current = current[Number(key)];
    else if (isRecord(current) && Object.hasOwn(current, key)) current = current[key];
    else return undefined;
  }
  return current;
}

function decodePointer(part: string): string | null {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return null;
  }
}

/** The schema with its chain of `$ref`s followed, to a bounded depth; siblings of `$ref` win. */
export function resolveSchema(schema: unknown, root: Json): Json | null {
  let current = schema;
  let siblings: Json = {};
  for (let depth = 0; depth < modelLimits.refDepthMax; depth += 1) {
    if (!isRecord(current)) return null;
    if (typeof current.$ref !== "string") return { ...current, ...siblings };
    const { $ref, ...rest } = current;
    siblings = { ...rest, ...siblings };
    current = refTarget(root, current.$ref);
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
  const resolvedSchema = resolveSchema(schema, root);
  if (resolvedSchema === null || depth > modelLimits.refDepthMax) return new Set();
  if (typeof resolvedSchema.type === "string") return new Set([resolvedSchema.type]);
  if (Array.isArray(resolvedSchema.type))
    return new Set(resolvedSchema.type.filter((t) => typeof t === "string"));
  if (Array.isArray(resolvedSchema.enum)) return new Set(resolvedSchema.enum.map(typeOfValue));
  if ("const" in resolvedSchema) return new Set([typeOfValue(resolvedSchema.const)]);
  for (const key of ["anyOf", "oneOf"]) {
    const branches = resolvedSchema[key];
    if (!Array.isArray(branches)) continue;
    const each = branches.map((branch) => typesOf(branch, root, depth + 1));
    return each.some((types) => types.size === 0)
      ? new Set()
      : new Set(each.flatMap((t) => [...t]));
  }
  if (Array.isArray(resolvedSchema.allOf)) {
    const first = resolvedSchema.allOf
      .map((branch) => typesOf(branch, root, depth + 1))
      .find((types) => types.size > 0);
    if (first !== undefined) return first;
  }
  return isRecord(resolvedSchema.properties) ? new Set(["object"]) : new Set();
}
