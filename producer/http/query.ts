/** Reads queries and form fields by their schema. Unknown fields are rejected by name, not ignored. */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { err, ok, type Result } from "../../shared/result.ts";
import { explain } from "../tasks/check/explain.ts";
import type { Detail, Problem } from "./problem.ts";

export function readQuery<T extends TObject>(
  schema: T,
  query: URLSearchParams,
): Result<Static<T>, Problem> {
  return readTextFields(schema, query, "query");
}

/** Fields that arrive as text. Of a repeated name the last value counts. */
export function readTextFields<T extends TObject>(
  schema: T,
  fields: Iterable<[string, string]>,
  source: "query" | "form",
): Result<Static<T>, Problem> {
  const values = new Map<string, unknown>();
  const details: Detail[] = [];
  const fieldNames = Object.keys(schema.properties);
  for (const [name, text] of fields) {
    const property = fieldNames.includes(name) ? schema.properties[name] : undefined;
    if (property === undefined) {
      details.push({ path: name, message: unknownField(source, fieldNames) });
    } else values.set(name, parseValue(property, text));
  }
  const value: unknown = Object.fromEntries(values);
  if (!Value.Check(schema, value)) details.push(...explain(schema, value));
  else if (details.length === 0) return ok(value);
  return err({ kind: "refused", message: `invalid ${source}`, details });
}

const unknownField = (source: string, fieldNames: readonly string[]): string =>
  `unknown field: the ${source} takes ${fieldNames.join(", ").replace(/, ([^,]+)$/, " and $1")}`;

function parseValue({ type }: TSchema, text: string): unknown {
  if (type === "integer" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

/** One page and the cursor of the next. `rows` has one row more than `limit` if there is a next page. */
export function pageOf<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { page: T[]; next_cursor: string | null } {
  const page = rows.slice(0, limit);
  return { page, next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
