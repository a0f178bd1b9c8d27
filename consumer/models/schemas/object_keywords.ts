/** The keywords for objects. */
import { isRecord, type Json } from "../../../shared/text/json.ts";
import type { Visit } from "./visit.ts";

export function objectKeywords(value: Json, visit: Visit): void {
  const { schema, run, fail } = visit;
  const { required, minProperties, maxProperties } = schema;
  const keys = Object.keys(value);
  run.meter.spend(keys.length);
  if (Array.isArray(required)) {
    run.meter.spend(required.length);
    for (const key of required) {
      if (Object.hasOwn(value, key)) continue;
      fail("required", `Instance does not have required property "${key}".`);
    }
  }
  if (keys.length < Number(minProperties)) {
    fail("minProperties", `Instance does not have at least ${minProperties} properties.`);
  }
  if (keys.length > Number(maxProperties)) {
    fail("maxProperties", `Instance does not have at most ${maxProperties} properties.`);
  }
  propertyNames(keys, visit);
  dependencies(value, visit);
  properties(value, keys, visit);
}

function propertyNames(keys: readonly string[], { schema, path, run, inner }: Visit): void {
  const names = schema.propertyNames;
  if (names === undefined) return;
  for (const key of keys) {
    const message = () => `Property name "${key}" does not match schema.`;
    inner(() => run.check(key, names, { parent: path, key }), "propertyNames", message);
  }
}

/** Also `dependencies`, which older schemas use for both. */
function dependencies(value: Json, visit: Visit): void {
  const { schema, run } = visit;
  for (const keyword of ["dependentRequired", "dependentSchemas", "dependencies"]) {
    const map = schema[keyword];
    if (!isRecord(map)) continue;
    for (const [key, needed] of Object.entries(map)) {
      run.meter.spend(1);
      if (Object.hasOwn(value, key)) dependency(value, visit, keyword, key, needed);
    }
  }
}

function dependency(
  value: Json,
  { path, evaluated, run, inner, fail }: Visit,
  keyword: string,
  key: string,
  requirement: unknown,
): void {
  if (!Array.isArray(requirement)) {
    const marks = keyword === "dependentSchemas" ? evaluated : undefined;
    const message = () => `Instance has "${key}" but does not match dependant schema.`;
    inner(() => run.check(value, requirement, path, marks), keyword, message);
    return;
  }
  run.meter.spend(requirement.length);
  for (const other of requirement) {
    if (Object.hasOwn(value, other)) continue;
    fail(keyword, `Instance has "${key}" but does not have "${other}".`);
  }
}

function properties(value: Json, keys: readonly string[], visit: Visit): void {
  const patternKeys = new Set<string>();
  for (const [key, part] of namedProperties(value, keys, visit)) {
    patternKeys.add(key);
    visit.inner(() => checkProperty(value, key, part, visit));
  }
  const { schema, evaluated, inner } = visit;
  const isClosed = schema.additionalProperties !== undefined;
  const keyword = isClosed ? "additionalProperties" : "unevaluatedProperties";
  const restSchema = schema[keyword];
  if (restSchema === undefined) return;
  const adjective = isClosed ? "additional" : "unevaluated";
  for (const key of keys) {
    if (isClosed ? patternKeys.has(key) : evaluated.has(key)) continue;
    const message = () => `Property "${key}" does not match ${adjective} properties schema.`;
    inner(() => checkProperty(value, key, restSchema, visit), keyword, message);
  }
}

/** The properties that the schema names, or for which it has a pattern, with their schemas. */
function* namedProperties(
  value: Json,
  keys: readonly string[],
  { schema, run }: Visit,
): Generator<[key: string, part: unknown]> {
  const properties = isRecord(schema.properties) ? Object.entries(schema.properties) : [];
  run.meter.spend(properties.length);
  for (const [key, part] of properties) if (Object.hasOwn(value, key)) yield [key, part];
  if (!isRecord(schema.patternProperties)) return;
  for (const [source, part] of Object.entries(schema.patternProperties)) {
    const pattern = run.pattern(source);
    for (const key of keys) if (pattern.matches(key, run.meter)) yield [key, part];
  }
}

function checkProperty(value: Json, key: string, part: unknown, visit: Visit): boolean {
  const valid = visit.run.check(value[key], part, { parent: visit.path, key });
  if (valid) visit.evaluated.own.add(key);
  return valid;
}
