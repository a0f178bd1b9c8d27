/**
 * Reads a request body field by field into task fields. A field without a reader is rejected by name:
 * ignoring it could change the answer without notice.
 */

import { err, ok, type Result } from "../../../shared/result.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import type { Detail } from "../../http/problem.ts";
import { quoteValue } from "../../tasks/check/explain.ts";

/** Fields of the task, or everything that is invalid. */
export type TaskFields = Result<Json, Detail[]>;
export type FieldReader = (value: unknown, path: string) => TaskFields;
export type FieldTable = ReadonlyMap<string, FieldReader>;

export const fieldError = (path: string, code: string, message: string): Result<never, Detail[]> =>
  err([{ path, message, code }]);

/** A field that is accepted only with these values, which change nothing. */
export const allowOnly =
  (...values: readonly unknown[]): FieldReader =>
  (value, path) =>
    values.includes(value)
      ? ok({})
      : fieldError(
          path,
          "unsupported_value",
          `unsupported value: omit it or use ${values.map((value) => JSON.stringify(value)).join(" or ")}`,
        );

/** A field of `sampling`. Like most fields, it is validated later, by the task's schema. */
export const samplingField =
  (name: string): FieldReader =>
  (value) =>
    ok({ sampling: { [name]: value } });

/** The format of the answer; `schemaPath` is where it holds the JSON Schema. */
export const formatField =
  (schemaPath: string, schemaOf: (format: Json) => unknown): FieldReader =>
  (value, path) => {
    const format = isRecord(value) ? value : {};
    if (format.type === "text") return ok({});
    if (format.type === "json_object") return ok({ output_schema: { type: "object" } });
    if (format.type !== "json_schema") {
      const message = "unsupported format: use text, json_object or json_schema";
      return fieldError(`${path}.type`, "unsupported_value", message);
    }
    const schema = schemaOf(format);
    if (isRecord(schema)) return ok({ output_schema: schema });
    const message = "is missing: add the JSON Schema of the answer";
    return fieldError(`${path}.${schemaPath}`, "missing_required_parameter", message);
  };

/** "default" is the model of the batch, the key or the fleet. */
const modelField: FieldReader = (value) => ok(value === "default" ? {} : { model: value });

/** Task fields that OpenAI's format has no place for, such as `files`. */
const flotillaField: FieldReader = (value, path) => {
  if (!isRecord(value)) {
    return fieldError(path, "invalid_type", "is not an object: use an object of task fields");
  }
  const misplacedFields = reservedFields.filter((name) => Object.hasOwn(value, name));
  if (misplacedFields.length === 0) return ok(value);
  return err(
    misplacedFields.map((name) => ({
      path: `${path}.${name}`,
      message: "not allowed here: use the request's own field for it",
      code: "unsupported_parameter",
    })),
  );
};

const reservedFields = [
  "prompt",
  "messages",
  "model",
  "output_schema",
  "custom_id",
  "idempotency_key",
  "expires_at",
];

/** The fields of both endpoints. The last one that sets a task field wins. */
export const commonFields: readonly (readonly [string, FieldReader])[] = [
  ["model", modelField],
  ["temperature", samplingField("temperature")],
  ["top_p", samplingField("top_p")],
  ["tool_choice", allowOnly("auto")],
  ["parallel_tool_calls", allowOnly(true)],
  ["stream", allowOnly(false)],
  ["store", allowOnly(false)],
  ["service_tier", allowOnly("auto", "default")],
  ["metadata", (value) => ok({ labels: value })],
  ["user", (value) => ok({ labels: { user: value } })],
  ["flotilla", flotillaField],
];

/** A value that asks for nothing, in whatever field: null, or an empty object or list. */
const isNothing = (value: unknown): boolean =>
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.keys(value).length === 0);

/** Reads the fields in the table's order. A null counts as absent. */
export function readFields(body: Json, table: FieldTable, path: string): TaskFields {
  const faults: Detail[] = [];
  for (const name of Object.keys(body)) {
    if (table.has(name) || isNothing(body[name])) continue;
    const message = `unsupported field ${quoteValue(name)}: omit it; supported are ${[...table.keys()].join(", ")}`;
    faults.push({ path: `${path}.${name}`, message, code: "unsupported_parameter" });
  }
  let task: Json = {};
  for (const [name, read] of table) {
    const value = Object.hasOwn(body, name) ? body[name] : null;
    if (value === null || value === undefined) continue;
    const fields = read(value, `${path}.${name}`);
    if (fields.ok) task = mergeFields(task, fields.value);
    else faults.push(...fields.error);
  }
  return faults.length === 0 ? ok(task) : err(faults);
}

/** Appends messages and merges objects. Through a Map, so that no field name can reach a prototype. */
function mergeFields(task: Json, extraFields: Json): Json {
  const mergedFields = new Map(Object.entries(task));
  for (const [name, value] of Object.entries(extraFields)) {
    const previous = mergedFields.get(name);
    if (name === "messages" && Array.isArray(previous) && Array.isArray(value)) {
      mergedFields.set(name, [...previous, ...value]);
    } else if (isRecord(previous) && isRecord(value)) {
      mergedFields.set(name, { ...previous, ...value });
    } else mergedFields.set(name, value);
  }
  return Object.fromEntries(mergedFields);
}
