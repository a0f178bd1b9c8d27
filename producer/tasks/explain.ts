/** Turns a schema's refusals into sentences that say what to write instead. */
import type { TSchema } from "@sinclair/typebox";
import { Value, type ValueError, ValueErrorType } from "@sinclair/typebox/value";
import { taskLimits } from "../../shared/limits.ts";
import { nearest } from "../../shared/nearest.ts";
import type { Detail } from "../http/problem.ts";

/** What a value breaks of a schema, one sentence for each place; empty when it fits. */
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
  const path = spellPointer(error.path);
  const one = (message: string): Detail[] => [{ path, message }];
  const { schema, value } = error;
  switch (error.type) {
    case ValueErrorType.ObjectAdditionalProperties:
      return one(unknownField(lastOf(error.path), schema));
    case ValueErrorType.ObjectRequiredProperty:
      return one(`is missing: write ${expected(schema)}`);
    case ValueErrorType.ObjectMaxProperties:
      return one(`has ${sizeOf(value)} entries; at most ${schema.maxProperties} are taken`);
    case ValueErrorType.ArrayMaxItems:
      return one(`has ${sizeOf(value)} entries; at most ${schema.maxItems} are taken`);
    case ValueErrorType.ArrayMinItems:
      return one(`needs at least ${schema.minItems} entries, or leave it out`);
    case ValueErrorType.ArrayUniqueItems:
      return one("names an entry twice: keep one of each");
    case ValueErrorType.StringMaxLength:
      return one(`has ${sizeOf(value)} characters; at most ${schema.maxLength} are taken`);
    case ValueErrorType.StringMinLength:
      return one("is empty: write some text, or leave it out");
    case ValueErrorType.Union:
      return closestBranch(error) ?? one(mend(schema, value));
    default:
      return one(mend(schema, value));
  }
}

const mend = (schema: TSchema, value: unknown) =>
  `write ${expected(schema)} instead of ${shown(value)}`;

function unknownField(name: string, schema: TSchema): string {
  const known = Object.keys((schema.properties ?? {}) as object);
  if (known.length === 0) {
    const pattern = Object.keys((schema.patternProperties ?? {}) as object)[0];
    return pattern === undefined
      ? `unknown field ${shown(name)}: leave it out`
      : `the name ${shown(name)} does not match ${pattern}: rename it`;
  }
  const meant = nearest(name, known);
  return meant === null
    ? `unknown field ${shown(name)}: leave it out; the fields are ${known.join(", ")}`
    : `unknown field ${shown(name)}: did you mean "${meant}"?`;
}

/** Of a choice between objects, the one that shares most fields with the value explains best. */
function closestBranch(error: ValueError): Detail[] | null {
  const branches = (error.schema.anyOf ?? []) as TSchema[];
  if (typeof error.value !== "object" || error.value === null) return null;
  const fields = Object.keys(error.value);
  let best = -1;
  let bestShared = 0;
  branches.forEach((branch, index) => {
    const known = Object.keys((branch.properties ?? {}) as object);
    const shared = fields.filter((field) => known.includes(field)).length;
    if (shared > bestShared) {
      best = index;
      bestShared = shared;
    }
  });
  const inner = error.errors[best];
  if (inner === undefined) return null;
  const details = [...inner].flatMap(explainError);
  return details.length === 0 ? null : details;
}

/** What a schema takes, as the object of "write …". */
export function expected(schema: TSchema): string {
  const said = schema.description;
  if (schema.anyOf !== undefined) return choice(schema.anyOf as TSchema[]);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case "string":
      if (typeof said === "string") return said;
      return schema.pattern === undefined ? "a string" : `a string that matches ${schema.pattern}`;
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "boolean":
      return "true or false";
    case "array":
      return "a list [...]";
    case "object":
      return fieldsOf(schema);
    default:
      return typeof said === "string" ? said : "another value";
  }
}

function choice(branches: readonly TSchema[]): string {
  const parts = branches.map(expected);
  return parts.length === 1 ? (parts[0] ?? "") : `one of ${parts.join(", ")}`;
}

function fieldsOf(schema: TSchema): string {
  const names = Object.keys((schema.properties ?? {}) as object);
  const required = (schema.required ?? []) as string[];
  if (names.length === 0) return "an object {...}";
  const spelled = names.map((name) => (required.includes(name) ? `"${name}"` : `"${name}"?`));
  return `an object {${spelled.join(", ")}}`;
}

function range(schema: TSchema): string {
  const above = schema.exclusiveMinimum as number | undefined;
  const from = schema.minimum as number | undefined;
  const to = schema.maximum as number | undefined;
  if (above !== undefined && to !== undefined) return ` above ${above} and up to ${to}`;
  if (from !== undefined && to !== undefined) return ` from ${from} to ${to}`;
  if (from !== undefined) return ` of at least ${from}`;
  return to === undefined ? "" : ` of at most ${to}`;
}

const shownCharsMax = 60;

/** A value as people recognise it, cut short: it is theirs, and it may be long. */
export function shown(value: unknown): string {
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

const parts = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

const lastOf = (pointer: string): string => parts(pointer).at(-1) ?? "";

/** `/files/data.csv/text` as people write it: `files["data.csv"].text`. */
export function spellPointer(pointer: string): string {
  return spellPath(parts(pointer));
}

export function spellPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const part of path) {
    const name = String(part).slice(0, 128);
    if (/^\d+$/.test(name)) text += `[${name}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(name)) text += text === "" ? name : `.${name}`;
    else text += `[${JSON.stringify(name)}]`;
  }
  return text;
}
