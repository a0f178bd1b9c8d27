import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import { resolveSchema } from "../repair/schema_types.ts";

/** The keywords that every engine understands; the others stay in the original, which validates. */
const keptKeywords = [
  "type",
  "description",
  "enum",
  "default",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
];

/**
 * A copy of a schema that open models and their engines cope with: references inlined, a
 * union with null reduced to the other side, unknown keywords dropped, every property
 * described, the whole an object. It is shown to the model and never validates.
 */
export function simplifySchema(schema: Json): Json {
  const simple = simplify(schema, schema, 0);
  return {
    ...simple,
    type: "object",
    properties: isRecord(simple.properties) ? simple.properties : {},
  };
}

function simplify(schema: unknown, root: Json, depth: number): Json {
  const resolvedSchema = resolveSchema(schema, root);
  // A reference that never ends is shown as any value.
  if (resolvedSchema === null || depth > modelLimits.refDepthMax) return {};
  const union = withoutNull(mergeAllOf(resolvedSchema, root), root);
  const out: Json = {};
  for (const key of keptKeywords) if (key in union.schema) out[key] = union.schema[key];
  if (Array.isArray(out.type)) out.type = out.type.find((type) => type !== "null") ?? "null";
  if ("const" in union.schema) out.enum = [union.schema.const];
  if (out.type === undefined) {
    const type = typeOfChoices(out.enum);
    if (type !== null) out.type = type;
  }
  if (union.nullable) out.description = `${shortDescription(out.description)}May be null.`;
  if (union.branches.length > 0) {
    out.anyOf = union.branches.map((branch) => simplify(branch, root, depth + 1));
  }
  if (isRecord(union.schema.properties)) {
    out.type = "object";
    out.properties = properties(union.schema.properties, root, depth);
    if (Array.isArray(union.schema.required)) out.required = union.schema.required;
  }
  if (union.schema.items !== undefined) out.items = simplify(union.schema.items, root, depth + 1);
  const additional = union.schema.additionalProperties;
  if (isRecord(additional)) out.additionalProperties = simplify(additional, root, depth + 1);
  else if (typeof additional === "boolean") out.additionalProperties = additional;
  return out;
}

function properties(schemas: Json, root: Json, depth: number): Json {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, inner]) => {
      const simple = simplify(inner, root, depth + 1);
      // Older models refuse a property without a description.
      const description = simple.description ?? name.replace(/[_-]+/g, " ");
      return [name, { ...simple, description }];
    }),
  );
}

function shortDescription(description: unknown): string {
  return typeof description === "string" && description !== "" ? `${description} ` : "";
}

/** `allOf` folded into one schema; where two parts have the same keyword, the outer one wins. */
function mergeAllOf(resolvedSchema: Json, root: Json): Json {
  if (!Array.isArray(resolvedSchema.allOf)) return resolvedSchema;
  const parts = resolvedSchema.allOf
    .map((part) => resolveSchema(part, root))
    .filter((part) => part !== null);
  const branches = [...parts, resolvedSchema];
  const required = branches.flatMap((part): unknown[] =>
    Array.isArray(part.required) ? part.required : [],
  );
  const fields = branches.map((part) => (isRecord(part.properties) ? part.properties : {}));
  const merged: Json = Object.assign({}, ...branches);
  if (fields.some((each) => Object.keys(each).length > 0)) {
    merged.properties = Object.assign({}, ...fields);
  }
  if (required.length > 0) merged.required = [...new Set(required)];
  return merged;
}

interface Union {
  schema: Json;
  branches: readonly unknown[];
  nullable: boolean;
}

function withoutNull(resolvedSchema: Json, root: Json): Union {
  const alternatives: readonly unknown[] | undefined = [
    resolvedSchema.anyOf,
    resolvedSchema.oneOf,
  ].find(Array.isArray);
  const isTypeList =
    Array.isArray(resolvedSchema.type) &&
    resolvedSchema.type.includes("null") &&
    resolvedSchema.type.length > 1;
  if (alternatives === undefined)
    return { schema: resolvedSchema, branches: [], nullable: isTypeList };
  const rest = alternatives.filter((branch) => resolveSchema(branch, root)?.type !== "null");
  const nullable = rest.length < alternatives.length;
  const [only, ...others] = rest;
  if (others.length > 0 || only === undefined)
    return { schema: resolvedSchema, branches: rest, nullable };
  const { anyOf: _, oneOf: __, ...siblings } = resolvedSchema;
  const inner = resolveSchema(only, root) ?? {};
  return { schema: { ...mergeAllOf(inner, root), ...siblings }, branches: [], nullable };
}

function typeOfChoices(choices: unknown): string | null {
  if (!Array.isArray(choices)) return null;
  const types = new Set(choices.filter((choice) => choice !== null).map((choice) => typeof choice));
  const [only] = types;
  return types.size === 1 && only !== undefined && only !== "object" ? only : null;
}

/** A name that every endpoint accepts: letters, digits, `_` and `-`, at most 64. */
export function safeToolName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, modelLimits.toolNameCharsMax);
  return safe === "" ? "unnamed" : safe;
}
