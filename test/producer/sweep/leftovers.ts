/** Settled tasks and what they leave in D1 and R2: shared by the tests of retention and of orphans. */
import { env } from "cloudflare:workers";
import type { ProducerEnv } from "../../../producer/env.ts";
import { type SweepReport, sweep } from "../../../producer/sweep/sweep.ts";
import { newTaskId } from "../../../shared/identity/ids.ts";
import type { NewTask } from "../../../shared/store/tasks/submissions.ts";
import { databaseWithClockAhead } from "../../consumer/faulty_stores.ts";
import { acceptTask } from "../../consumer/harness.ts";
import { testFleet } from "../client.ts";

export const day = 86_400_000;
const tables = ["tasks", "egress_log", "batches", "policies", "webhooks", "inbox_dead"] as const;

/** Removes what earlier tests stored, and makes every cleanup start from scratch. */
export async function emptyStores(): Promise<void> {
  await env.DB.batch([
    ...tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare("UPDATE walks SET position = '', due_at = 0"),
  ]);
  for (const key of await keys()) await env.OBJECTS.delete(key);
}

/** A task that settled some days ago, with a result, a transcript, a file and two decisions. */
export async function settledTask(
  daysAgo: number,
  overrides: Partial<NewTask> & { history?: readonly number[]; fence?: number } = {},
): Promise<string> {
  const { history = [], fence = 1, ...row } = overrides;
  const time = Date.now() - daysAgo * day;
  // An id contains the time of its creation.
  const id = row.id ?? taskIdAt(time - 1_000);
  await acceptTask({ prompt: "p" }, { ...row, id });
  await env.DB.batch([
    env.DB.prepare(
      `UPDATE tasks SET status = 'failed', reason = 'no_progress', sweep_at = NULL, fence = ?2,
         finished_at = ?3, created_at = ?3, history = ?4 WHERE id = ?1`,
    ).bind(id, fence, time, JSON.stringify(history.map((each) => ({ fence: each })))),
    env.DB.prepare(
      `INSERT INTO egress_log (task_id, seq, n, fence, tenant, at, method, url, host, action, policy,
         reason, bytes_in, bytes_out, duration_ms)
       SELECT ?1, 1, value, 1, 'default', 0, 'GET', 'u', 'h', 'deny', 'p', 'no_rule', 0, 0, 0
       FROM json_each('[1, 2]')`,
    ).bind(id),
  ]);
  const { tenant = "default" } = row;
  const below = `tasks/${tenant}/${id}`;
  await put(`${below}/task.json`, `${below}/${fence}/transcript.jsonl`, `${below}/blobs/abc`);
  return id;
}

/** A task id with a given creation time. */
export function taskIdAt(ms: number): string {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  let time = "";
  for (let rest = ms, n = 0; n < 10; n++) {
    time = `${alphabet[rest % 32]}${time}`;
    rest = Math.floor(rest / 32);
  }
  return `task_${time}${newTaskId().slice(-16)}`;
}

export async function put(...names: string[]): Promise<void> {
  await Promise.all(names.map((key) => env.OBJECTS.put(key, "x")));
}

export async function keys(prefix = ""): Promise<string[]> {
  const problems: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.OBJECTS.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    // The cron's own mark is not of a task or a batch.
    problems.push(...page.objects.map(({ key }) => key).filter((key) => !key.startsWith("fleet/")));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return problems;
}

export async function count(table: (typeof tables)[number]): Promise<number> {
  const row = await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table}`).first<{ n: number }>();
  return row?.n ?? -1;
}

/** One tick of the sweep in a fleet whose D1 clock is some days ahead. */
export function sweepAhead(days: number, change: Partial<ProducerEnv> = {}): Promise<SweepReport> {
  return sweep(testFleet({ DB: databaseWithClockAhead(days * day), ...change }).env);
}
