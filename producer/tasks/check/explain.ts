/** Turns schema errors into sentences that say what to write instead. */
import type { TSchema } from "@sinclair/typebox";
import { Value, type ValueError, ValueErrorType } from "@sinclair/typebox/value";
import { taskLimits } from "../../../shared/limits.ts";
import { nearestName } from "../../../shared/text/nearest.ts";
import type { Detail } from "../../http/problem.ts";
import { formatPointer, lastFieldOf } from "./field_path.ts";

/** The faults of a value, one sentence for each place; empty when it fits the schema. */
export function explain(schema: TSchema, value: unknown): Detail[] {
  const details = new Map<string, Detail>();
  for (const error of Value.Errors(schema, value)) {
    for (const detail of explainError(error)) {
      if (!details.has(detail.path)) details.set(detail.path, detail);
    }
    if (details.size >= taskLimits.problemsReportedMax) break;
  }
  return [...details.values()];
}

function explainError(error: ValueError): Detail[] {
  const path = formatPointer(error.path);
  const fault = (message: string): Detail[] => [{ path, message }];
  const { schema, value } = error;
  switch (error.type) {
    case ValueErrorType.ObjectAdditionalProperties:
      return fault(unknownField(lastFieldOf(error.path), schema));
    case ValueErrorType.ObjectRequiredProperty:
      return fault(`is missing: write ${describeSchema(schema)}`);
    case ValueErrorType.ObjectMaxProperties:
      return fault(`has ${sizeOf(value)} entries; the maximum is ${schema.maxProperties}`);
    case ValueErrorType.ArrayMaxItems:
      return fault(`has ${sizeOf(value)} entries; the maximum is ${schema.maxItems}`);
    case ValueErrorType.ArrayMinItems:
      return fault(`needs at least ${schema.minItems} entries, or leave it out`);
    case ValueErrorType.ArrayUniqueItems:
      return fault("lists an entry twice: write each entry once");
    case ValueErrorType.StringMaxLength:
      return fault(`has ${sizeOf(value)} characters; the maximum is ${schema.maxLength}`);
    case ValueErrorType.StringMinLength:
      return fault("is empty: write some text, or leave it out");
    case ValueErrorType.Union:
      return closestBranch(error) ?? fault(replacement(schema, value));
    default:
      return fault(replacement(schema, value));
  }
}

const replacement = (schema: TSchema, value: unknown) =>
  `write ${describeSchema(schema)} instead of ${quoteValue(value)}`;

function unknownField(name: string, schema: TSchema): string {
  const fieldNames = Object.keys((schema.properties ?? {}) as object);
  if (fieldNames.length === 0) {
    const pattern = Object.keys((schema.patternProperties ?? {}) as object)[0];
    return pattern === undefined
      ? `unknown field ${quoteValue(name)}: leave it out`
      : `the name ${quoteValue(name)} does not match ${pattern}: rename it`;
  }
  const suggestion = nearestName(name, fieldNames);
  return suggestion === null
    ? `unknown field ${quoteValue(name)}: leave it out; the fields are ${fieldNames.join(", ")}`
    : `unknown field ${quoteValue(name)}: did you mean "${suggestion}"?`;
}

/** Of several allowed objects, explains the one that shares most fields with the value. */
function closestBranch(error: ValueError): Detail[] | null {
  const branches = (error.schema.anyOf ?? []) as TSchema[];
  if (typeof error.value !== "object" || error.value === null) return null;
  const fields = Object.keys(error.value);
  let best = -1;
  let bestShared = 0;
  branches.forEach((branch, index) => {
    const fieldNames = Object.keys((branch.properties ?? {}) as object);
    const sharedCount = fields.filter((field) => fieldNames.includes(field)).length;
    if (sharedCount > bestShared) {
      best = index;
      bestShared = sharedCount;
    }
  });
  const inner = error.errors[best];
  if (inner === undefined) return null;
  const details = [...inner].flatMap(explainError);
  return details.length === 0 ? null : details;
}

/** What a schema allows, as the object of "write …". */
export function describeSchema(schema: TSchema): string {
  const { description } = schema;
  if (schema.anyOf !== undefined) return describeChoice(schema.anyOf as TSchema[]);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case "string":
      if (typeof description === "string") return description;
      return schema.pattern === undefined ? "a string" : `a string that matches ${schema.pattern}`;
    case "integer":
      return `a whole number${describeRange(schema)}`;
    case "number":
      return `a number${describeRange(schema)}`;
    case "boolean":
      return "true or false";
    case "array":
      return "a list [...]";
    case "object":
      return describeFields(schema);
    default:
      return typeof description === "string" ? description : "another value";
  }
}

function describeChoice(branches: readonly TSchema[]): string {
  const parts = branches.map(describeSchema);
  return parts.length === 1 ? (parts[0] ?? "") : `one of ${parts.join(", ")}`;
}

function describeFields(schema: TSchema): string {
  const names = Object.keys((schema.properties ?? {}) as object);
  const required = (schema.required ?? []) as string[];
  if (names.length === 0) return "an object {...}";
  const fieldList = names.map((name) => (required.includes(name) ? `"${name}"` : `"${name}"?`));
  return `an object {${fieldList.join(", ")}}`;
}

function describeRange(schema: TSchema): string {
  const exclusiveMinimum = schema.exclusiveMinimum as number | undefined;
  const from = schema.minimum as number | undefined;
  const to = schema.maximum as number | undefined;
  if (exclusiveMinimum !== undefined && to !== undefined)
    return ` above ${exclusiveMinimum} and up to ${to}`;
  if (from !== undefined && to !== undefined) return ` from ${from} to ${to}`;
  if (from !== undefined) return ` of at least ${from}`;
  return to === undefined ? "" : ` of at most ${to}`;
}

const shownCharsMax = 60;

/** A value as its sender recognises it, cut to a short length. */
export function quoteValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text;
}

function sizeOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}
