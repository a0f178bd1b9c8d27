import { isRecord, type Json } from "./json.ts";
import { modelLimits } from "./limits.ts";
import { patternFault } from "./schema_pattern.ts";

/** What is wrong with a JSON Schema, and where: `properties.size.type`, empty for the whole. */
export interface SchemaFault {
  path: string;
  message: string;
}

const types = ["object", "array", "string", "number", "integer", "boolean", "null"];
const single = [
  "additionalProperties",
  "contains",
  "else",
  "if",
  "items",
  "not",
  "propertyNames",
  "then",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const lists = ["allOf", "anyOf", "oneOf", "prefixItems"];
const maps = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];
const numbers = ["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"];
const counts = [
  "maxContains",
  "maxItems",
  "maxLength",
  "maxProperties",
  "minContains",
  "minItems",
  "minLength",
  "minProperties",
];
const foreign = ["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"];

function join(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

/**
 * Checks that a value is a JSON Schema (2020-12) that can be validated against safely:
 * known types, references that stay inside and lead somewhere, patterns that compile and
 * cannot run away, bounded size. No faults means usable. Nothing is fetched.
 */
export function checkSchema(schema: unknown): SchemaFault[] {
  if (!isRecord(schema) && typeof schema !== "boolean") {
    return [{ path: "", message: "must be a JSON Schema: an object, true or false" }];
  }
  const text = JSON.stringify(schema);
  if (text.length > modelLimits.schemaBytesMax) {
    return [{ path: "", message: `must be at most ${modelLimits.schemaBytesMax} bytes of JSON` }];
  }
  const walk: Walk = { root: schema, faults: [], nodes: new Map() };
  visit(schema, "", 0, walk);
  const { faults, nodes } = walk;
  if (faults.length === 0) {
    for (const [node, path] of nodes) {
      const target = typeof node.$ref === "string" ? targetOf(node.$ref, schema) : undefined;
      if (isRecord(target) && !nodes.has(target)) {
        faults.push({ path: join(path, "$ref"), message: `leads to no schema: ${node.$ref}` });
      }
    }
  }
  if (faults.length === 0) {
    const seen = new Map<object, "open" | "done">();
    const loop = [...nodes.keys()].find((node) => loops(node, schema, seen));
    if (loop !== undefined) {
      faults.push({
        path: nodes.get(loop) ?? "",
        message: "refers to itself without end, so no value can be checked",
      });
    }
  }
  return faults;
}

interface Walk {
  root: unknown;
  faults: SchemaFault[];
  /** Every schema object with its path. */
  nodes: Map<Json, string>;
}

function visit(schema: unknown, path: string, depth: number, walk: Walk): void {
  const fault = (key: string, message: string) =>
    walk.faults.push({ path: key === "" ? path : join(path, key), message });
  if (typeof schema === "boolean") return;
  if (!isRecord(schema)) return void fault("", "must be a JSON Schema: an object, true or false");
  walk.nodes.set(schema, path);
  if (depth > modelLimits.schemaDepthMax) {
    return void fault("", `must nest at most ${modelLimits.schemaDepthMax} levels deep`);
  }
  if (walk.nodes.size > modelLimits.schemaNodesMax) {
    if (walk.nodes.size === modelLimits.schemaNodesMax + 1) {
      fault("", `must hold at most ${modelLimits.schemaNodesMax} schemas`);
    }
    return;
  }
  checkWords(schema, depth, walk.root, fault);
  for (const key of single) {
    if (!(key in schema)) continue;
    if (key === "items" && Array.isArray(schema.items)) {
      fault(key, "must be one schema; a list of them is called prefixItems");
    } else visit(schema[key], join(path, key), depth + 1, walk);
  }
  for (const key of lists) {
    const list = schema[key];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.length === 0)
      fault(key, "must be a list of schemas, not empty");
    else
      for (const [index, inner] of list.entries()) {
        visit(inner, join(join(path, key), index), depth + 1, walk);
      }
  }
  for (const key of maps) {
    const map = schema[key];
    if (map === undefined) continue;
    if (!isRecord(map)) fault(key, "must be an object of schemas");
    else
      for (const [name, inner] of Object.entries(map)) {
        visit(inner, join(join(path, key), name), depth + 1, walk);
      }
  }
}

type Report = (key: string, message: string) => void;

/** The keywords that hold no schemas. */
function checkWords(schema: Json, depth: number, root: unknown, fault: Report): void {
  const { type, required, pattern } = schema;
  if (type !== undefined) {
    const named: readonly unknown[] = Array.isArray(type) ? type : [type];
    if (
      named.length === 0 ||
      !named.every((each) => typeof each === "string" && types.includes(each))
    ) {
      fault("type", `must be one of ${types.join(", ")}, or a list of them`);
    }
  }
  if (
    required !== undefined &&
    !(Array.isArray(required) && required.every((each) => typeof each === "string"))
  ) {
    fault("required", "must be a list of property names");
  }
  if (schema.enum !== undefined && !(Array.isArray(schema.enum) && schema.enum.length > 0)) {
    fault("enum", "must be a list of values, not empty");
  }
  for (const key of numbers) {
    const value = schema[key];
    if (value === undefined) continue;
    if (typeof value !== "number") fault(key, "must be a number");
    else if (key === "multipleOf" && value <= 0) fault(key, "must be greater than 0");
  }
  for (const key of counts) {
    const value = schema[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      fault(key, "must be a whole number, 0 or more");
    }
  }
  if (pattern !== undefined) {
    const wrong = typeof pattern === "string" ? patternFault(pattern) : "must be a string";
    if (wrong !== null) fault("pattern", wrong);
  }
  if (isRecord(schema.patternProperties)) {
    for (const each of Object.keys(schema.patternProperties)) {
      const wrong = patternFault(each);
      if (wrong !== null) fault(`patternProperties.${each}`, wrong);
    }
  }
  for (const key of foreign) if (key in schema) fault(key, "is not supported: use $ref with #/…");
  if (depth > 0 && "$id" in schema) fault("$id", "is supported at the top only");
  if (schema.$ref !== undefined) {
    const wrong = refFault(schema.$ref, root);
    if (wrong !== null) fault("$ref", wrong);
  }
}

function refFault(ref: unknown, root: unknown): string | null {
  if (typeof ref !== "string") return "must be a string";
  if (ref !== "#" && !ref.startsWith("#/")) return "must stay inside this schema and start with #/";
  const target = targetOf(ref, root);
  if (target === undefined) return `leads nowhere: ${ref}`;
  return isRecord(target) || typeof target === "boolean" ? null : `leads to no schema: ${ref}`;
}

function targetOf(ref: string, root: unknown): unknown {
  let at = root;
  for (const raw of ref.split("/").slice(1)) {
    let key: string;
    try {
      key = decodeURIComponent(raw).replaceAll("~1", "/").replaceAll("~0", "~");
    } catch {
      return undefined;
    }
    if (Array.isArray(at) && /^\d+$/.test(key)) at = at[Number(key)];
    else if (isRecord(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}

/** Keywords whose schemas judge the same value, so that a way back to the start never ends. */
const inPlace = ["not", "if", "then", "else"];
const inPlaceLists = ["allOf", "anyOf", "oneOf"];

function loops(schema: unknown, root: unknown, seen: Map<object, "open" | "done">): boolean {
  if (!isRecord(schema)) return false;
  const state = seen.get(schema);
  if (state !== undefined) return state === "open";
  seen.set(schema, "open");
  const same: unknown[] = inPlace.map((key) => schema[key]);
  if (typeof schema.$ref === "string") same.push(targetOf(schema.$ref, root));
  for (const key of inPlaceLists) if (Array.isArray(schema[key])) same.push(...schema[key]);
  if (isRecord(schema.dependentSchemas)) same.push(...Object.values(schema.dependentSchemas));
  const found = same.some((inner) => loops(inner, root, seen));
  seen.set(schema, "done");
  return found;
}
