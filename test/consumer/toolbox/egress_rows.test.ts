import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { platformLimits } from "../../../shared/limits.ts";
import { noUsage } from "../../../shared/spend/usage.ts";
import { readEgress } from "../../../shared/store/egress/egress_log.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { writeSteps } from "../../../shared/store/tasks/journal.ts";
import { acceptTask } from "../harness.ts";

/** A database that records the largest value that is bound to a statement. */
function measuringDatabase(): { db: D1Database; largest: () => number } {
  let largest = 0;
  const prepare = (sql: string) => {
    const statement = env.DB.prepare(sql);
    return {
      bind(...values: unknown[]) {
        for (const value of values) {
          const size = new TextEncoder().encode(String(value)).byteLength;
          largest = Math.max(largest, size);
        }
        return statement.bind(...values);
      },
    };
  };
  const batch = (statements: D1PreparedStatement[]) => env.DB.batch(statements);
  return { db: { prepare, batch } as unknown as D1Database, largest: () => largest };
}

const step = {
  seq: 1,
  kind: "tool",
  name: "x",
  status: "done",
  started_at: 1,
  duration_ms: 1,
  payload: "{}",
  payload_key: null,
  usage: noUsage,
} as const;

const row = {
  n: 1,
  at: 1,
  method: "POST",
  url: "https://a.example/",
  host: "a.example",
  action: "allow" as const,
  policy: "p",
  rule: 0,
  reason: "rule",
  credential: null,
  status: null,
  bytes_in: 0,
  bytes_out: 3,
  duration_ms: 0,
};

test("a request that was logged before it was sent is updated with its outcome", async () => {
  const id = await acceptTask({ prompt: "p" });
  await claimTask(env.DB, id, "{}");
  await writeSteps(env.DB, { id, fence: 1 }, [], { seq: 1, rows: [row] });
  const finished = { ...row, reason: "timeout", duration_ms: 60_000 };
  await writeSteps(env.DB, { id, fence: 1 }, [step], { seq: 1, rows: [finished] });
  expect(await readEgress(env.DB, "default", id)).toMatchObject([
    { ...finished, task_id: id, seq: 1 },
  ]);
});

test("a step with a thousand long requests is written completely and in order", async () => {
  const id = await acceptTask({ prompt: "p" });
  await claimTask(env.DB, id, "{}");
  const rows = Array.from({ length: 1_000 }, (_, n) => ({
    ...row,
    n: n + 1,
    url: `https://a.example/${"ü".repeat(2_020)}`,
  }));
  const { db, largest } = measuringDatabase();
  const result = await writeSteps(db, { id, fence: 1 }, [step], { seq: 1, rows });
  expect(result.ok).toBe(true);
  expect(largest()).toBeLessThan(platformLimits.d1ValueBytesMax);
  const stored = await readEgress(env.DB, "default", id);
  expect(stored.map(({ n }) => n)).toEqual(rows.map(({ n }) => n));
}, 30_000);
