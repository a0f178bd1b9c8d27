/**
 * The one way to run SQL on D1. Every call has a name for the log, a deadline and retries, so a write may be
 * applied although its reply was lost: each write is conditional, fenced or repeatable. Each rejects with a
 * StoreFault only. The caller states the type of the rows; D1 is trusted and they are not checked.
 */
import { type RetryOptions, withRetries } from "../platform/retries.ts";
import { type DatabaseSize, observedSize, observeSize, sizeOf } from "./database_size.ts";
import { observed } from "./pressure.ts";

type Values = readonly unknown[];

/** SQL with its values bound as ?1, ?2, …; for `batch`. */
const statement = (db: D1Database, text: string, values: Values = []): D1PreparedStatement =>
  db.prepare(text).bind(...values);

/** The first row, or null. */
async function first<Row>(db: D1Database, name: string, text: string, values: Values = []) {
  return (await all<Row>(db, name, text, values))[0] ?? null;
}

async function all<Row>(db: D1Database, name: string, text: string, values: Values = []) {
  const { results, meta } = await withRetries(name, () =>
    observed(db, () => statement(db, text, values).all<Row>()),
  );
  observeSize(db, meta);
  return results;
}

/** How many rows were changed, including those that triggers changed. */
async function run(db: D1Database, name: string, text: string, values: Values = []) {
  const { meta } = await withRetries(name, () =>
    observed(db, () => statement(db, text, values).run()),
  );
  observeSize(db, meta);
  return meta.changes;
}

type Results<Rows extends readonly unknown[]> = { [K in keyof Rows]: D1Result<Rows[K]> };
type Statements<Rows extends readonly unknown[]> = { [K in keyof Rows]: D1PreparedStatement };

/** One transaction; one result per statement. `Rows` lists the row type of each. */
async function batch<Rows extends readonly unknown[]>(
  db: D1Database,
  name: string,
  statements: Statements<Rows>,
  options?: RetryOptions,
): Promise<Results<Rows>> {
  const answers = await withRetries(
    name,
    () => observed(db, () => db.batch([...statements])),
    options,
  );
  observeSize(db, answers.at(-1)?.meta);
  return answers as unknown as Results<Rows>;
}

/** How full the database is, as of the last minute. */
export async function readDatabaseSize(db: D1Database): Promise<DatabaseSize> {
  const size = observedSize(db);
  if (size !== null) return size;
  await all(db, "read database size", "SELECT 1");
  return observedSize(db) ?? sizeOf(0);
}

export const sql = { statement, first, all, run, batch } as const;
