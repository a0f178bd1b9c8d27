import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { platformLimits } from "../../../shared/limits.ts";
import { claim } from "../../../shared/store/claims.ts";
import { readEgress } from "../../../shared/store/egress_log.ts";
import { writeSteps } from "../../../shared/store/journal.ts";
import { noUsage } from "../../../shared/usage.ts";
import { accept } from "../harness.ts";

/** A database that notes the largest value that is bound to a statement. */
function measured(): { db: D1Database; largest: () => number } {
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

test("a request that was logged before it was sent is kept as it ended", async () => {
  const id = await accept({ prompt: "p" });
  await claim(env.DB, id, "{}");
  await writeSteps(env.DB, { id, fence: 1 }, [], { seq: 1, rows: [row] });
  const ended = { ...row, reason: "timeout", duration_ms: 60_000 };
  await writeSteps(env.DB, { id, fence: 1 }, [step], { seq: 1, rows: [ended] });
  expect(await readEgress(env.DB, "default", id)).toMatchObject([
    { ...ended, task_id: id, seq: 1 },
  ]);
});

test("a step that decided on a thousand long requests is written whole, in order", async () => {
  const id = await accept({ prompt: "p" });
  await claim(env.DB, id, "{}");
  const rows = Array.from({ length: 1_000 }, (_, n) => ({
    ...row,
    n: n + 1,
    url: `https://a.example/${"ü".repeat(2_020)}`,
  }));
  const { db, largest } = measured();
  const answer = await writeSteps(db, { id, fence: 1 }, [step], { seq: 1, rows });
  expect(answer.held).toBe(true);
  expect(largest()).toBeLessThan(platformLimits.d1ValueBytesMax);
  const kept = await readEgress(env.DB, "default", id);
  expect(kept.map(({ n }) => n)).toEqual(rows.map(({ n }) => n));
}, 30_000);
