import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { prepareDatabase } from "../../../producer/local/database.ts";
import { newState } from "./fleet.ts";

const state = newState();
afterAll(() => state.remove());

/** The applied migrations, from the file that wrangler will open. */
function listApplied(): unknown[] {
  const folder = path.join(state.dir, "v3/d1/miniflare-D1DatabaseObject");
  const files = fs.readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  expect(files).toHaveLength(1);
  const db = new DatabaseSync(path.join(folder, files[0] ?? ""), { readOnly: true });
  const rows = db.prepare("SELECT name FROM d1_migrations ORDER BY id").all();
  db.close();
  return rows.map(({ name }) => name);
}

test("a database gets each migration once, in order, and all statements or none", async () => {
  const migrations = fs.readdirSync("shared/migrations").sort();
  await prepareDatabase(state.dir, []);
  expect(listApplied()).toEqual(migrations);
  const insert = "INSERT INTO d1_migrations (name) VALUES ('one')";
  await expect(prepareDatabase(state.dir, [insert, "no statement"])).rejects.toThrow(
    /failed with exit code 1:[\s\S]*syntax error/,
  );
  expect(listApplied()).toEqual(migrations);
  await prepareDatabase(state.dir, [insert]);
  expect(listApplied()).toEqual([...migrations, "one"]);
}, 120_000);
