/**
 * What the runner does to the database while no fleet runs on it. A process of its own, so that whatever
 * ends the runner's children ends it whole: `node producer/local/database.ts <state folder> [statements]`
 * applies what migrations are new, as `wrangler d1 migrations apply` would and in the same table, and then
 * runs the statements. By the command line it would be two starts of wrangler, half of a fleet's start.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const migrationsDir = path.join(root, "shared/migrations");
/** The `database_id` of the configurations' local part, under which wrangler keeps the file. */
const databaseId = "flotilla";

/** Brings the database below `stateDir` to the newest migration and runs `statements` in one transaction. */
export async function prepareDatabase(
  stateDir: string,
  statements: readonly string[],
): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, stateDir, ...statements], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`Preparing the database ended with ${code}:\n${said}`);
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

/** The simulator that wrangler itself runs: no other version may write what it reads. */
function simulator(stateDir: string): Simulator {
  const ofWrangler = createRequire(path.join(root, "node_modules/wrangler/package.json"));
  const { Miniflare, convertV4MiniflareOptions } = ofWrangler("miniflare") as Miniflare;
  return new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "",
      // Nothing is asked of the network.
      cf: false,
      // wrangler's own layout of `--persist-to`.
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
    const applied = new Set(results.map(({ name }) => name));
    const files = fs.readdirSync(migrationsDir).filter((name) => name.endsWith(".sql"));
    for (const name of files.sort().filter((file) => !applied.has(file))) {
      // A migration and the word that it ran are one transaction: a kill leaves both or neither.
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
