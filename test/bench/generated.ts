/**
 * Writes rows directly into the file of a local D1, as a fleet would leave them: batches of 50,000 and single tasks,
 * most of them settled. A hundred thousand tasks take seconds instead of an hour. No fleet may run on the state, and
 * the database must be migrated.
 */
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

export const batchTasks = 50_000;
const models = ["@cf/a", "@cf/b"] as const;
/** A ledger of two years; a read covers only the last days. */
const ledgerDays = 730;
/** The `sweep_at` of a live task, which no sweep finds due. */
const farAhead = 9e15;

export interface Size {
  tasks: number;
  /** The number of full batches among them. */
  batches: number;
  /** Whether half of the last batch is still queued. A fleet does not run these tasks. */
  running: boolean;
  /** When the first task was accepted (milliseconds since 1970), and the interval to each next one. */
  from: number;
  everyMs: number;
  tenantOf: (n: number) => string;
}

/** Returns 26 characters that sort by `n`, as ids sort by time. */
export const ulid = (n: number): string => `01kz${String(n).padStart(22, "0")}`;

const usage = JSON.stringify({
  steps: 3,
  model_calls: 2,
  prompt_tokens: 900,
  completion_tokens: 90,
});
const output = JSON.stringify({ text: "an answer of a usual length, which is a sentence or two" });
const errors = {
  attempts_exhausted: { code: "model_unavailable", message: "The endpoint answered HTTP 503." },
  budget_steps: { code: "budget_steps", message: "The task used up limits.steps (3)." },
  invalid_output: { code: "invalid_output", message: "The answer has no field total." },
} as const;

/** One in five hundred failed, one in fifty thousand is dead. */
function endOf(n: number): [status: string, reason: keyof typeof errors | "completed"] {
  if (n % 50_000 === 7) return ["dead", "attempts_exhausted"];
  if (n % 1_000 === 7) return ["failed", "budget_steps"];
  if (n % 1_000 === 507) return ["failed", "invalid_output"];
  return ["succeeded", "completed"];
}

export function generateTasks(stateDir: string, size: Size): void {
  const { tasks, batches, running, from, everyMs, tenantOf } = size;
  const db = new DatabaseSync(databaseIn(stateDir));
  db.exec("BEGIN");
  const batch = db.prepare(
    `INSERT INTO batches (id, tenant, status, total, expanded, input_key, created_at, finished_at)
     VALUES (?1, ?2, ?3, ${batchTasks}, ${batchTasks}, 'x', ?4, ?5)`,
  );
  const task = db.prepare(
    `INSERT INTO tasks (id, tenant, batch_id, batch_index, status, reason, attempts, model, policy, sandbox,
       labels, created_at, started_at, finished_at, sweep_at, usage, output, error, result_key)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 3, ?7, 'default', 'isolate', ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`,
  );
  for (let n = 0; n < batches; n++) {
    const first = n * batchTasks;
    const startedAt = from + first * everyMs;
    const isLast = !running || n < batches - 1;
    batch.run(
      `batch_${ulid(n)}`,
      tenantOf(first),
      isLast ? "finished" : "running",
      startedAt,
      isLast ? startedAt + batchTasks * everyMs : null,
    );
  }
  for (let n = 0; n < tasks; n++) {
    const inBatch = n < batches * batchTasks;
    const batchNumber = Math.floor(n / batchTasks);
    const live = running && batchNumber === batches - 1 && n % 2 === 0;
    const [status, reason] = live ? (["queued", null] as const) : endOf(n);
    const createdAt = Math.round(from + n * everyMs);
    task.run(
      inBatch
        ? `task_${ulid(batchNumber)}-${String(n % batchTasks).padStart(6, "0")}`
        : `task_${ulid(n)}`,
      tenantOf(n),
      inBatch ? `batch_${ulid(batchNumber)}` : null,
      inBatch ? n % batchTasks : null,
      status,
      reason,
      models[n % 3 === 0 ? 0 : 1],
      n < 1_000 ? '{"team":"first"}' : '{"team":"ops"}',
      createdAt,
      live ? null : createdAt + 1,
      live ? farAhead : null,
      live ? "{}" : usage,
      status === "succeeded" ? output : null,
      reason === null || reason === "completed" ? null : JSON.stringify(errors[reason]),
      status === "succeeded" ? "x" : null,
    );
  }
  insertSpend(db, tenantOf(0));
  // A local fleet makes all live tasks due when it starts; they must not run during the measurement.
  db.exec(`CREATE TRIGGER generated_waits AFTER UPDATE OF sweep_at ON tasks WHEN new.sweep_at = 0
    BEGIN UPDATE tasks SET sweep_at = ${farAhead} WHERE id = new.id; END`);
  db.exec("COMMIT");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

function insertSpend(db: DatabaseSync, tenant: string): void {
  const spend = db.prepare(
    `INSERT INTO spend (tenant, day, model, calls, prompt_tokens, cached_tokens, completion_tokens,
       unpriced_tokens, cost_usd)
     VALUES (?1, date('now', '-' || ?2 || ' days'), ?3, 1000, 450000, 0, 45000, 0, 0.5)`,
  );
  for (let day = 0; day < ledgerDays; day++) {
    for (const model of models) spend.run(tenant, day, model);
  }
}

/** The D1 file below a state folder that has a table `tasks`. */
function databaseIn(stateDir: string): string {
  const files = fs
    .readdirSync(stateDir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes(`${path.sep}d1${path.sep}`) && name.endsWith(".sqlite"))
    .map((name) => path.join(stateDir, name))
    .find((file) => {
      const db = new DatabaseSync(file, { readOnly: true });
      const table = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").get();
      db.close();
      return table !== undefined;
    });
  if (files === undefined) throw new Error(`no D1 database with tasks below ${stateDir}`);
  return files;
}
