/** What a tenant's tasks add up to is counted without looking at them, and equals what a look would count. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { overviewLimits } from "../../../shared/limits.ts";
import { redrivable, statuses, type TerminalStatus } from "../../../shared/states.ts";
import { claim, release, settle } from "../../../shared/store/claims.ts";
import { type RedriveMode, redriveTasks } from "../../../shared/store/redrives.ts";
import { removeTasks } from "../../../shared/store/retention.ts";
import { noneCharged } from "../../../shared/store/spend.ts";
import { readStats } from "../../../shared/store/stats.ts";
import { requestCancel } from "../../../shared/store/tasks.ts";
import { countedDatabase } from "../../shared/counted_database.ts";
import { accept, rowOf } from "../harness.ts";

const tenants = ["one", "two"] as const;
const models = ["rehearsal", "@cf/a"] as const;
const terminal: readonly TerminalStatus[] = ["succeeded", ...redrivable];
const charged = noneCharged;

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
});

/** The same by a look at every row. */
async function counted(tenant: string) {
  const { results } = await env.DB.prepare(
    "SELECT status, model, usage, created_at FROM tasks WHERE tenant = ?1 ORDER BY model",
  )
    .bind(tenant)
    .all<{ status: string; model: string; usage: string; created_at: number }>();
  const queued = results.filter(({ status }) => status === "queued");
  const ended = results.filter(({ status }) => status !== "queued" && status !== "running");
  const used = (model: string, field: string): number =>
    ended
      .filter((row) => row.model === model)
      .reduce((sum, { usage }) => sum + (JSON.parse(usage)[field] ?? 0), 0);
  return {
    counts: Object.fromEntries(
      statuses.map((status) => [status, results.filter((row) => row.status === status).length]),
    ),
    oldestQueuedAt:
      queued.length === 0 ? null : Math.min(...queued.map(({ created_at }) => created_at)),
    models: [...new Set(results.map(({ model }) => model))].map((model) => ({
      model,
      tasks: results.filter((row) => row.model === model).length,
      prompt_tokens: used(model, "prompt_tokens"),
      cached_tokens: 0,
      completion_tokens: used(model, "completion_tokens"),
      unpriced_tokens: 0,
      cost_usd: expect.closeTo(used(model, "cost_usd"), 9),
    })),
  };
}

const usage = (tokens: number): string =>
  JSON.stringify({ prompt_tokens: tokens, completion_tokens: 1, cost_usd: tokens / 1_000 });

const end = (status: TerminalStatus, tokens: number) => ({
  status,
  reason: status === "succeeded" ? ("completed" as const) : ("no_progress" as const),
  usageJson: usage(tokens),
  quirksJson: "[]",
  outputJson: null,
  errorJson: null,
  attemptErrorJson: null,
  result: status === "succeeded" ? { key: "k", sha256: "s", bytes: 1 } : null,
  transcript: null,
  charges: [],
  charged,
  journaled: false,
});

const giveBack = (tokens: number, failed: boolean) => ({
  delayMs: 0,
  usageJson: usage(tokens),
  quirksJson: "[]",
  errorJson: failed ? '{"code":"bug"}' : null,
  charged,
});

// Few tasks, so that each of them lives through much.
const one = fc.nat({ max: 2 });
const just = <const Name extends string>(name: Name) => ({ do: fc.constant(name), n: one });
const does = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ...just("accept"), tenant: fc.constantFrom(...tenants) }) },
  { weight: 4, arbitrary: fc.record(just("claim")) },
  { weight: 1, arbitrary: fc.record(just("claim and lose")) },
  { weight: 2, arbitrary: fc.record({ ...just("give back"), failed: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ ...just("settle"), status: fc.constantFrom(...terminal) }),
  },
  { weight: 1, arbitrary: fc.record(just("settle, undone")) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...just("redrive"),
      mode: fc.constantFrom<RedriveMode>("resume", "restart"),
      model: fc.constantFrom(...models),
    }),
  },
  { weight: 1, arbitrary: fc.record(just("cancel")) },
  { weight: 1, arbitrary: fc.record(just("remove")) },
  { weight: 1, arbitrary: fc.record(just("delete by hand")) },
);
type Does = typeof does extends fc.Arbitrary<infer T> ? T : never;

/** Whatever the task's status is: what it does not allow changes nothing, as for any caller. */
async function act(id: string, step: Does): Promise<void> {
  if (step.do === "accept") {
    const model = models[step.n % models.length] ?? "rehearsal";
    await accept({ prompt: "p", model }, { id, tenant: step.tenant });
    return;
  }
  const row = await rowOf(id).catch(() => null);
  if (row === null) return;
  const owner = { id, fence: row.fence };
  switch (step.do) {
    case "claim":
      await claim(env.DB, id, "{}");
      return;
    case "claim and lose":
      await claim(env.DB, id, "{}");
      await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
      return;
    case "give back":
      await release(env.DB, owner, giveBack(step.n, step.failed));
      return;
    case "settle":
      await settle(env.DB, owner, end(step.status, 10 * step.n));
      return;
    case "settle, undone": {
      // A settlement whose transaction fails behind it.
      const undone = env.DB.batch([
        env.DB.prepare(
          `UPDATE tasks SET status = 'failed', reason = 'no_progress', sweep_at = NULL, usage = ?2
           WHERE id = ?1 AND status = 'running'`,
        ).bind(id, usage(7)),
        env.DB.prepare("INSERT INTO tasks (id) VALUES ('x')"),
      ]);
      await expect(undone).rejects.toThrow("NOT NULL");
      return;
    }
    case "redrive": {
      const { mode, model } = step;
      const next = { spec: null, policy: "default", sandbox: "isolate", attempts: 3 };
      const kind = { mode, overrides: [], repin: false };
      await redriveTasks(env.DB, row.tenant, kind, [{ ...owner, ...next, model }]);
      return;
    }
    case "cancel":
      await requestCancel(env.DB, row.tenant, id);
      return;
    case "remove":
      await removeTasks(env.DB, [{ ...owner, tenant: row.tenant, decisions: 0 }], 9e15);
      return;
    case "delete by hand":
      await env.DB.prepare("DELETE FROM tasks WHERE id = ?1").bind(id).run();
      return;
  }
}

describe("stats", () => {
  it("equal a count of the rows, after whatever happened to the tasks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(does, { minLength: 20, maxLength: 60, size: "max" }),
        async (steps) => {
          await env.DB.prepare("DELETE FROM tasks").run();
          for (const step of steps) await act(`task_${step.n}`, step);
          for (const tenant of tenants) {
            expect(await readStats(env.DB, tenant)).toEqual(await counted(tenant));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("leave no row of a tally behind when the last task has gone", async () => {
    await accept({ prompt: "p" }, { id: "task_a" });
    await claim(env.DB, "task_a", "{}");
    await settle(env.DB, { id: "task_a", fence: 1 }, end("failed", 3));
    await env.DB.prepare("DELETE FROM tasks").run();
    const left = await env.DB.prepare("SELECT COUNT(*) FROM task_tallies").first("COUNT(*)");
    expect(left).toBe(0);
  });

  it("name the models with the most tasks, and count all of them", async () => {
    const { modelsMax } = overviewLimits;
    for (let n = 0; n < modelsMax + 5; n++)
      await accept({ prompt: "p" }, { id: `task_${n}`, model: `m${String(n).padStart(3, "0")}` });
    await accept({ prompt: "p" }, { id: "task_more", model: `m${modelsMax + 4}` });
    const { counts, models: named } = await readStats(env.DB, "default");
    expect(counts.queued).toBe(modelsMax + 6);
    expect(named).toHaveLength(modelsMax);
    expect(named.at(-1)).toMatchObject({ model: `m${modelsMax + 4}`, tasks: 2 });
  });

  it("read as many rows of a thousand tasks as of one", async () => {
    const reads = async (): Promise<number> => {
      const { db, rows } = countedDatabase(env.DB);
      await readStats(db, "default");
      return rows.read;
    };
    await accept({ prompt: "p" }, { id: "task_0000" });
    const ofOne = await reads();
    await env.DB.prepare(
      `INSERT INTO tasks (id, tenant, status, reason, attempts, model, policy, sandbox, created_at,
         sweep_at, finished_at)
       SELECT 'task_' || printf('%04d', value), 'default', IIF(value % 2, 'queued', 'failed'),
         IIF(value % 2, NULL, 'no_progress'), 3, 'rehearsal', 'default', 'isolate', value,
         IIF(value % 2, 9e15, NULL), IIF(value % 2, NULL, 1)
       FROM json_each(?1)`,
    )
      .bind(JSON.stringify(Array.from({ length: 1_000 }, (_, n) => n + 1)))
      .run();
    const { counts } = await readStats(env.DB, "default");
    expect(counts).toMatchObject({ queued: 501, running: 0, failed: 500 });
    expect(await reads()).toBe(ofOne);
  });
});
