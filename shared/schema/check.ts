/**
 * Checks that a JSON Schema (2020-12) of a user can be validated against safely: known types, references
 * that stay inside it and lead to a schema, patterns that cannot run away, bounded size. Fetches nothing.
 */

import { modelLimits } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { isRecord, type Json } from "../text/json.ts";
import { checkPattern } from "./pattern.ts";

/** What is wrong with a schema, and where: `properties.size.type`, empty for the whole schema. */
export interface SchemaFault {
  path: string;
  message: string;
}

/** The result of one keyword; the error says what the value must be. */
type Checked = Result<null, string>;
type Check = (value: unknown, root: unknown, depth: number) => Checked;

const must = (holds: boolean, requirement: string): Checked =>
  holds ? ok(null) : err(`must be ${requirement}`);

const types = ["object", "array", "string", "number", "integer", "boolean", "null"];
const isType = (value: unknown) => typeof value === "string" && types.includes(value);

const isNumber: Check = (value) => must(typeof value === "number", "a number");
const isCount: Check = (value) =>
  must(Number.isInteger(value) && Number(value) >= 0, "a whole number, 0 or more");
const isUnsupported: Check = () => err("is not supported: use $ref with #/…");

/** The keywords that contain no schemas. */
const valueChecks: Record<string, Check> = {
  type: (value) =>
    must(
      Array.isArray(value) ? value.length > 0 && value.every(isType) : isType(value),
      `one of ${types.join(", ")}, or a list of them`,
    ),
  required: (value) =>
    must(
      Array.isArray(value) && value.every((name) => typeof name === "string"),
      "a list of property names",
    ),
  enum: (value) => must(Array.isArray(value) && value.length > 0, "a list of values, not empty"),
  exclusiveMaximum: isNumber,
  exclusiveMinimum: isNumber,
  maximum: isNumber,
  minimum: isNumber,
  multipleOf: (value, ...rest) =>
    typeof value === "number" && value <= 0
      ? err("must be greater than 0")
      : isNumber(value, ...rest),
  maxContains: isCount,
  maxItems: isCount,
  maxLength: isCount,
  maxProperties: isCount,
  minContains: isCount,
  minItems: isCount,
  minLength: isCount,
  minProperties: isCount,
  pattern: (value) => checkPattern(value),
  $dynamicRef: isUnsupported,
  $recursiveRef: isUnsupported,
  $anchor: isUnsupported,
  $dynamicAnchor: isUnsupported,
  $id: (_value, _root, depth) => (depth > 0 ? err("is supported at the top only") : ok(null)),
  $ref: (value, root) => checkRef(value, root),
};

/** The keywords whose value is a schema. */
const schemaKeywords = [
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
/** The keywords whose value is a list of schemas. */
const listKeywords = ["allOf", "anyOf", "oneOf", "prefixItems"];
/** The keywords whose value is an object of schemas. */
const mapKeywords = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/** The faults of a schema; without any it can be used. */
export function checkSchema(schema: unknown): SchemaFault[] {
  if (!isRecord(schema) && typeof schema !== "boolean") {
    return [{ path: "", message: notASchema }];
  }
  const text = JSON.stringify(schema);
  if (text.length > modelLimits.schemaBytesMax) {
    return [{ path: "", message: `must be at most ${modelLimits.schemaBytesMax} bytes of JSON` }];
  }
  const walk: Walk = { root: schema, faults: [], nodes: new Map() };
  visit(schema, "", 0, walk);
  if (walk.faults.length === 0) findStrayRefs(walk);
  if (walk.faults.length === 0) findLoop(walk);
  return walk.faults;
}

const notASchema = "must be a JSON Schema: an object, true or false";

interface Walk {
  root: unknown;
  faults: SchemaFault[];
  /** Every schema object with its path. */
  nodes: Map<Json, string>;
}

function visit(schema: unknown, path: string, depth: number, walk: Walk): void {
  if (typeof schema === "boolean") return;
  if (!isRecord(schema)) return void addFault(walk, path, notASchema);
  walk.nodes.set(schema, path);
  if (depth > modelLimits.schemaDepthMax) {
    return void addFault(walk, path, `must nest at most ${modelLimits.schemaDepthMax} levels deep`);
  }
  if (walk.nodes.size > modelLimits.schemaNodesMax) {
    if (walk.nodes.size > modelLimits.schemaNodesMax + 1) return;
    return void addFault(walk, path, `must have at most ${modelLimits.schemaNodesMax} schemas`);
  }
  for (const [key, check] of Object.entries(valueChecks)) {
    if (schema[key] === undefined) continue;
    const result = check(schema[key], walk.root, depth);
    if (!result.ok) addFault(walk, join(path, key), result.error);
  }
  visitSchemas(schema, path, depth, walk);
  visitLists(schema, path, depth, walk);
  visitMaps(schema, path, depth, walk);
}

const addFault = (walk: Walk, path: string, message: string) => walk.faults.push({ path, message });

function join(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

function visitSchemas(schema: Json, path: string, depth: number, walk: Walk): void {
  for (const key of schemaKeywords) {
    if (!(key in schema)) continue;
    if (key === "items" && Array.isArray(schema.items)) {
      const message = "must be one schema; use prefixItems for a list of schemas";
      addFault(walk, join(path, key), message);
    } else visit(schema[key], join(path, key), depth + 1, walk);
  }
}

function visitLists(schema: Json, path: string, depth: number, walk: Walk): void {
  for (const key of listKeywords) {
    const list = schema[key];
    if (list === undefined) continue;
    const place = join(path, key);
    if (!Array.isArray(list) || list.length === 0) {
      addFault(walk, place, "must be a list of schemas, not empty");
    } else
      for (const [index, inner] of list.entries())
        visit(inner, join(place, index), depth + 1, walk);
  }
}

function visitMaps(schema: Json, path: string, depth: number, walk: Walk): void {
  for (const key of mapKeywords) {
    const map = schema[key];
    if (map === undefined) continue;
    const place = join(path, key);
    if (!isRecord(map)) {
      addFault(walk, place, "must be an object of schemas");
      continue;
    }
    for (const [name, inner] of Object.entries(map)) {
      const pattern = key === "patternProperties" ? checkPattern(name) : ok(null);
      if (!pattern.ok) addFault(walk, join(place, name), pattern.error);
      visit(inner, join(place, name), depth + 1, walk);
    }
  }
}

function checkRef(ref: unknown, root: unknown): Checked {
  if (typeof ref !== "string") return err("must be a string");
  if (ref !== "#" && !ref.startsWith("#/")) {
    return err("must stay inside this schema and start with #/");
  }
  const target = targetOf(ref, root);
  if (target === undefined) return err(`points to nothing: ${ref}`);
  return isRecord(target) || typeof target === "boolean"
    ? ok(null)
    : err(`${notSchemaRef}: ${ref}`);
}

const notSchemaRef = "does not point to a schema";

/** What a reference such as `#/$defs/a` points to; undefined for nothing. */
export function targetOf(ref: string, root: unknown): unknown {
  let current = root;
  for (const raw of ref.split("/").slice(1)) {
    let key: string;
    try {
      key = decodeURIComponent(raw).replaceAll("~1", "/").replaceAll("~0", "~");
    } catch {
      return undefined;
    }
    if (Array.isArray(current) && /^\d+$/.test(key)) current = current[Number(key)];
    else if (isRecord(current) && Object.hasOwn(current, key)) current = current[key];
    else return undefined;
  }
  return current;
}

/** References to objects that were not visited as schemas. */
function findStrayRefs(walk: Walk): void {
  for (const [node, path] of walk.nodes) {
    const target = typeof node.$ref === "string" ? targetOf(node.$ref, walk.root) : undefined;
    if (isRecord(target) && !walk.nodes.has(target)) {
      addFault(walk, join(path, "$ref"), `${notSchemaRef}: ${node.$ref}`);
    }
  }
}

function findLoop({ root, nodes, faults }: Walk): void {
  const seen = new Map<object, "open" | "done">();
  const loop = [...nodes.keys()].find((node) => isLoop(node, root, seen));
  if (loop === undefined) return;
  const message = "refers to itself without end, so no value can be checked";
  faults.push({ path: nodes.get(loop) ?? "", message });
}

/** Keywords whose schemas apply to the same value, so that a reference back to the start never ends. */
const inPlace = ["not", "if", "then", "else"];
const inPlaceLists = ["allOf", "anyOf", "oneOf"];

function isLoop(schema: unknown, root: unknown, seen: Map<object, "open" | "done">): boolean {
  if (!isRecord(schema)) return false;
  const state = seen.get(schema);
  if (state !== undefined) return state === "open";
  seen.set(schema, "open");
  const appliedSchemas: unknown[] = inPlace.map((key) => schema[key]);
  if (typeof schema.$ref === "string") appliedSchemas.push(targetOf(schema.$ref, root));
  for (const key of inPlaceLists)
    if (Array.isArray(schema[key])) appliedSchemas.push(...schema[key]);
  if (isRecord(schema.dependentSchemas))
    appliedSchemas.push(...Object.values(schema.dependentSchemas));
  const isCycle = appliedSchemas.some((inner) => isLoop(inner, root, seen));
  seen.set(schema, "done");
  return isCycle;
}
