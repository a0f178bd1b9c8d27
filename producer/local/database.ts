/**
 * Prepares the database before the fleet starts. `node producer/local/database.ts <state folder> [statements]`
 * applies new migrations like `wrangler d1 migrations apply`, with the same table, then runs the statements.
 * It is a separate process, so that a signal to the group ends it too. Using wrangler itself would take two
 * starts of it, half of the fleet's start time.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { compileCache } from "./environment.ts";

const root = path.resolve(import.meta.dirname, "../..");
const migrationsDir = path.join(root, "shared/migrations");
/** The `database_id` of the local configurations, which names wrangler's file. */
const databaseId = "flotilla";

/** Applies all migrations to the database below `stateDir`, then runs `statements` in one transaction. */
export async function prepareDatabase(
  stateDir: string,
  statements: readonly string[],
): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, stateDir, ...statements], {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (code !== 0)
    throw new Error(`Preparing the database failed with exit code ${code}:\n${output}`);
}

interface Statement {
  bind(...values: string[]): Statement;
  all<T>(): Promise<{ results: T[] }>;
}
interface Database {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}
interface Simulator {
  getD1Database(binding: string): Promise<Database>;
  dispose(): Promise<void>;
}
interface Miniflare {
  Miniflare: new (options: object) => Simulator;
  convertV4MiniflareOptions(options: object): object;
}

/** The simulator of wrangler itself: another version could write files that it cannot read. */
function simulator(stateDir: string): Simulator {
  const requireFromWrangler = createRequire(path.join(root, "node_modules/wrangler/package.json"));
  const { Miniflare, convertV4MiniflareOptions } = requireFromWrangler("miniflare") as Miniflare;
  return new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "",
      // No network access.
      cf: false,
      // The layout of wrangler's `--persist-to`.
      resourcePersistencePath: path.join(stateDir, "v3"),
      d1Databases: { DB: databaseId },
    }),
  );
}

const migrationsTable = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

async function prepare(stateDir: string, statements: readonly string[]): Promise<void> {
  const local = simulator(stateDir);
  try {
    const database = await local.getD1Database("DB");
    await database.prepare(migrationsTable).all();
    const { results } = await database
      .prepare("SELECT name FROM d1_migrations")
      .all<{ name: string }>();
    const appliedNames = new Set(results.map(({ name }) => name));
    const files = fs.readdirSync(migrationsDir).filter((name) => name.endsWith(".sql"));
    for (const name of files.sort().filter((file) => !appliedNames.has(file))) {
      // A migration and its row are one transaction: a kill leaves both or neither.
      await database.batch([
        database.prepare(fs.readFileSync(path.join(migrationsDir, name), "utf8")),
        database.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name),
      ]);
    }
    if (statements.length > 0) await database.batch(statements.map((sql) => database.prepare(sql)));
  } finally {
    await local.dispose();
  }
}

if (import.meta.main) {
  const [stateDir = "", ...statements] = process.argv.slice(2);
  await prepare(stateDir, statements);
}
