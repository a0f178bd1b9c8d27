/** D1's calls over a SQLite database of this process: sizes, query plans and upgrades at sizes that workerd is slow at. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

const migrations = path.resolve(import.meta.dirname, "../../shared/migrations");

export interface SqliteDatabase {
  raw: DatabaseSync;
  db: D1Database;
}

/** `upTo`: the first migration that is not applied; all are by default. */
export function openSqlite(file = ":memory:", upTo?: string): SqliteDatabase {
  const raw = new DatabaseSync(file);
  // As D1: foreign keys are not used, and a page has 4,096 bytes.
  raw.exec("PRAGMA page_size = 4096; PRAGMA cache_size = -64000; PRAGMA synchronous = OFF");
  for (const name of migrationNames()) {
    if (upTo !== undefined && name >= upTo) break;
    applyMigration(raw, name);
  }
  return { raw, db: databaseOver(raw) };
}

export const migrationNames = (): string[] => readdirSync(migrations).sort();

export function applyMigration(raw: DatabaseSync, name: string): void {
  raw.exec(readFileSync(path.join(migrations, name), "utf8"));
}

type Value = SQLInputValue | boolean | ArrayBuffer | undefined;

function databaseOver(raw: DatabaseSync): D1Database {
  const statement = (sql: string, values: readonly Value[] = []): D1PreparedStatement =>
    ({
      sql,
      values,
      bind: (...bound: Value[]) => statement(sql, bound),
      all: async () => runStatement(raw, sql, values),
      run: async () => runStatement(raw, sql, values),
      first: async () => runStatement(raw, sql, values).results[0] ?? null,
    }) as unknown as D1PreparedStatement;
  return {
    prepare: (sql: string) => statement(sql),
    batch: async (list: { sql: string; values: readonly Value[] }[]) => {
      raw.exec("BEGIN");
      try {
        const answers = list.map((one) => runStatement(raw, one.sql, one.values));
        raw.exec("COMMIT");
        return answers;
      } catch (error) {
        raw.exec("ROLLBACK");
        throw error;
      }
    },
  } as unknown as D1Database;
}

/** D1 binds and returns bytes as an ArrayBuffer or a list of numbers. */
function runStatement(raw: DatabaseSync, sql: string, values: readonly Value[]) {
  const prepared = raw.prepare(sql);
  const numbers = new Set([...sql.matchAll(/\?(\d+)/g)].map(([, n]) => Number(n)));
  const named: Record<string, SQLInputValue> = {};
  for (const n of numbers) named[`?${n}`] = bound(values[n - 1]);
  const before = raw.prepare("SELECT total_changes() AS n").get() as { n: number };
  const results = (numbers.size > 0 ? prepared.all(named) : prepared.all()).map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? [...value] : value,
      ]),
    ),
  );
  const after = raw.prepare("SELECT total_changes() AS n").get() as { n: number };
  return { results, success: true, meta: { changes: after.n - before.n } };
}

const bound = (value: Value): SQLInputValue => {
  if (value === undefined) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
};

/** Bytes of all pages in use, by table and index. */
export function pageBytes(raw: DatabaseSync): Map<string, number> {
  const rows = raw.prepare("SELECT name, SUM(pgsize) AS bytes FROM dbstat GROUP BY name").all() as {
    name: string;
    bytes: number;
  }[];
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}
