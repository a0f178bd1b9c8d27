import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { platformLimits } from "../../shared/limits.ts";
import { claim } from "../../shared/store/claims.ts";
import { readEgress } from "../../shared/store/egress_log.ts";
import { writeSteps } from "../../shared/store/journal.ts";
import { noUsage } from "../../shared/usage.ts";
import { accept } from "./harness.ts";

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

test("a step that decided on a thousand long requests is written whole, in order", async () => {
  const id = await accept({ prompt: "p" });
  await claim(env.DB, id, "{}");
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
  const rows = Array.from({ length: 1_000 }, (_, n) => ({
    n: n + 1,
    at: 1,
    method: "GET",
    url: `https://a.example/${"ü".repeat(2_020)}`,
    host: "a.example",
    action: "allow" as const,
    policy: "p",
    rule: 0,
    reason: "r",
    credential: null,
    status: 200,
    bytes_in: 0,
    bytes_out: 0,
    duration_ms: 1,
  }));
  const { db, largest } = measured();
  const answer = await writeSteps(db, { id, fence: 1 }, [step], { seq: 1, rows });
  expect(answer.held).toBe(true);
  expect(largest()).toBeLessThan(platformLimits.d1ValueBytesMax);
  const kept = await readEgress(env.DB, "default", id);
  expect(kept.map((row) => row.n)).toEqual(rows.map((row) => row.n));
}, 30_000);
