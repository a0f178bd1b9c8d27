/** Reads the query of a call, or a form, by its schema; what is not understood is refused by name rather than ignored. */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { batchTaskRange } from "../../shared/ids.ts";
import { storeLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { TaskFilter } from "../../shared/store/tasks.ts";
import type { DeadLetterQuery } from "../api/fleet_operations.ts";
import type { TaskQuery } from "../api/tasks/operations.ts";
import { explain } from "../tasks/explain.ts";
import { type Detail, type Problem, refusedAt } from "./problem.ts";

/** A query by its schema. */
export function readQuery<T extends TObject>(
  schema: T,
  query: URLSearchParams,
): Result<Static<T>, Problem> {
  return readTexts(schema, query, "query");
}

/**
 * Fields that come as texts, by their schema: whole numbers and booleans are read from their text. A name
 * that stands twice counts once, with its last value.
 */
export function readTexts<T extends TObject>(
  schema: T,
  fields: Iterable<[string, string]>,
  what: "query" | "form",
): Result<Static<T>, Problem> {
  const read = new Map<string, unknown>();
  const details: Detail[] = [];
  const known = Object.keys(schema.properties);
  for (const [name, text] of fields) {
    const property = known.includes(name) ? schema.properties[name] : undefined;
    if (property === undefined) details.push({ path: name, message: unknownName(what, known) });
    else read.set(name, readValue(property, text));
  }
  const value: unknown = Object.fromEntries(read);
  if (!Value.Check(schema, value)) details.push(...explain(schema, value));
  else if (details.length === 0) return ok(value);
  return err({ kind: "refused", message: `the ${what} is not understood`, details });
}

const unknownName = (what: string, known: readonly string[]): string =>
  `unknown: the ${what} takes ${known.join(", ").replace(/, ([^,]+)$/, " and $1")}`;

function readValue({ type }: TSchema, text: string): unknown {
  if (type === "integer" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

const labelKey = /^label\.([a-z0-9_.-]{1,63})$/;

/** `?status=&reason=&error_code=&batch_id=&label.K=V&cursor=&limit=`, as `schema` narrows it. */
export function readTaskFilter(
  schema: typeof TaskQuery | typeof DeadLetterQuery,
  query: URLSearchParams,
): Result<TaskFilter, Problem> {
  const labels: [string, string][] = [];
  const rest = new URLSearchParams();
  for (const [name, value] of query) {
    const label = labelKey.exec(name)?.[1];
    if (label === undefined) rest.append(name, value);
    else labels.push([label, value]);
  }
  if (labels.length > taskLimits.labelsMax) {
    const message = `at most ${taskLimits.labelsMax} labels are taken`;
    return err(refusedAt("label", message));
  }
  const read = readQuery<typeof TaskQuery | typeof DeadLetterQuery>(schema, rest);
  if (!read.ok) return read;
  const { status, reason, error_code, batch_id, cursor, limit } = read.value;
  return ok({
    status: status ?? null,
    reason: reason ?? null,
    errorCode: error_code ?? null,
    range: batch_id === undefined ? null : batchTaskRange(batch_id),
    labels,
    cursor: cursor ?? null,
    limit: limit ?? storeLimits.pageRowsDefault,
  });
}

/** One page and where the next begins: the stores read one row more than was asked for. */
export function paged<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { page: T[]; next_cursor: string | null } {
  const page = rows.slice(0, limit);
  return { page, next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
