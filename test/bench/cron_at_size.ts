/**
 * The CPU time of each cron part's SQL, of claims meanwhile, and of an upgrade, with a million due rows in a database
 * of two million tasks. `node test/bench/cron_at_size.ts [due] [settled] [file]`; the defaults need 10 GB of disk.
 */
import { rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { takeUnexpanded } from "../../shared/store/batches/expansion.ts";
import { takeBatchesToClose } from "../../shared/store/batches/finishing.ts";
import { listWideTasks, moveBodies } from "../../shared/store/cleanup/body_moves.ts";
import { takeCleanup } from "../../shared/store/cleanup/cleanup_cursors.ts";
import { listOldTasks, removeTasks } from "../../shared/store/cleanup/old_tasks.ts";
import { claimNextTask, heartbeat } from "../../shared/store/tasks/claims.ts";
import { findReadyTasks, markSent, takeDueTasks } from "../../shared/store/tasks/due_tasks.ts";
import { nextIdValues } from "../../shared/store/tasks/next_task.ts";
import { readStats } from "../../shared/store/usage/stats.ts";
import { takeDueWebhooks } from "../../shared/store/webhooks.ts";
import { applyMigration, migrationNames, openSqlite } from "../shared/sqlite_database.ts";
import { atMost, type Row } from "./row.ts";

const [due = 1_000_000, settled = 1_000_000] = process.argv.slice(2, 4).map(Number);
const file = process.argv[4] ?? path.join(os.tmpdir(), "flotilla-cron-at-size.sqlite");
/** The first migration that the generated database lacks. */
const upgradeFrom = "0024";
const partMsMax = 50;
const upgradeMsMax = 2_000;
const rounds = 20;

for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(file + end, { force: true });
const { raw, db } = openSqlite(file, upgradeFrom);
generate();
const rows: Row[] = [...upgrade(), ...(await measureCron())];
console.table(rows);
raw.close();
rmSync(file, { force: true });
if (rows.some((row) => !row.holds)) process.exitCode = 1;

/** Rows of one-step tasks as the release before 0024 wrote them. Triggers would take longer than the rows. */
function generate(): void {
  const triggers = raw.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all();
  for (const { name } of triggers) raw.exec(`DROP TRIGGER ${name}`);
  const spec = "json_object('prompt', hex(randomblob(400)), 'model', '@cf/zai-org/glm-5.2')";
  const base = "'default', 3, '@cf/zai-org/glm-5.2', 'default', 'isolate', '{\"team\":\"ops\"}'";
  const columns = "tenant, attempts, model, policy, sandbox, labels";
  const id = (from: number) => `printf('task_01kz%022d', n + ${from})`;
  const now = Date.now();
  const old = now - 40 * 86_400_000;
  const numbers = (count: number) =>
    `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count} - 1)`;
  raw.exec("BEGIN");
  raw.exec(`INSERT INTO tasks (id, ${columns}, status, reason, fence, spec, created_at, sent_at, sends,
      claimed_by, policy_hash, started_at, finished_at, usage, output, result_key, result_sha256, result_bytes, transcript)
    ${numbers(settled)} SELECT ${id(0)}, ${base}, 'succeeded', 'completed', 1, ${spec}, ${old} + n, ${old}, 1,
      hex(randomblob(16)), hex(randomblob(32)), ${old} + n, ${old} + n, '{"steps":1,"prompt_tokens":900,"completion_tokens":90,"cost_usd":0.0012}',
      '{"label":"a"}', 'tasks/default/k/1/result.json', hex(randomblob(32)), 600, json_object('text', hex(randomblob(400)))
    FROM numbers`);
  raw.exec(`INSERT INTO tasks (id, ${columns}, status, spec, created_at, sweep_at)
    ${numbers(due)} SELECT ${id(settled)}, ${base}, 'queued', ${spec}, ${now} + n / 1000, ${now - 60_000} FROM numbers`);
  for (const { sql } of triggers) raw.exec(String(sql));
  raw.exec(`INSERT INTO task_tallies (tenant, model, live, succeeded)
    VALUES ('default', '@cf/zai-org/glm-5.2', ${due}, ${settled})`);
  raw.exec("COMMIT");
  const bytes = statSync(file).size;
  console.log(
    `${due + settled} rows, ${bytes} bytes, ${Math.round(bytes / (due + settled))} a row`,
  );
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function upgrade(): Row[] {
  return migrationNames()
    .filter((name) => name >= upgradeFrom)
    .map((name) => {
      const since = process.cpuUsage();
      applyMigration(raw, name);
      return atMost(`upgrade, ${name}, ms of CPU`, cpuMs(since), upgradeMsMax);
    });
}

/** The median of a few rounds. */
async function timed(name: string, work: () => Promise<unknown>, max = partMsMax): Promise<Row> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const since = process.cpuUsage();
    await work();
    times.push(cpuMs(since));
  }
  return atMost(`${name}, ms of CPU`, times.sort((a, b) => a - b)[rounds / 2] ?? 0, max);
}

/** p95 of claims, each of another task. */
async function claimMs(): Promise<number> {
  const hashes = JSON.stringify({ default: "f".repeat(64) });
  const choice = { only: null, closed: {}, hosted: 0, own: 0 };
  const times: number[] = [];
  for (let n = 0; n < 100; n++) {
    const next = nextIdValues({ tenant: "", flows: {} }, choice, 3_600_000);
    const since = process.cpuUsage();
    const task = await claimNextTask(db, { id: "task_0", onlyEnding: false }, hashes, next);
    times.push(cpuMs(since));
    if (task === null) throw new Error("no task was claimed");
    await heartbeat(db, task);
  }
  return times.sort((a, b) => a - b)[94] ?? 0;
}

async function measureCron(): Promise<Row[]> {
  const before = Date.now() - 30 * 86_400_000;
  const claimsBefore = await claimMs();
  let after = "";
  const parts = [
    await timed("take 500 due tasks and mark them as sent", async () => {
      await markSent(db, await takeDueTasks(db, 500));
    }),
    await timed("find ready tasks without a message", () => findReadyTasks(db, 100, 30_000)),
    await timed("take an unexpanded batch", () => takeUnexpanded(db)),
    await timed("take batches to close", () => takeBatchesToClose(db, 50)),
    await timed("take due webhooks", () => takeDueWebhooks(db, 2_000)),
    await timed("take a cleanup", () => takeCleanup(db, ["files"])),
    await timed("move a page of bodies", async () => {
      const page = await listWideTasks(db, after);
      await moveBodies(db, page.found);
      after = page.last ?? "";
    }),
    await timed("remove a page of old tasks", async () => {
      const page = await listOldTasks(db, { after: "", bound: "task_02", before });
      await removeTasks(db, page.found, before);
    }),
    await timed("read stats", () => readStats(db, "default")),
  ];
  const claimsAfter = await claimMs();
  console.log(
    `claims p95: ${claimsBefore.toFixed(2)} ms before, ${claimsAfter.toFixed(2)} ms after`,
  );
  return [...parts, atMost("a claim after that, p95 ms of CPU", claimsAfter, 2 * claimsBefore + 1)];
}
