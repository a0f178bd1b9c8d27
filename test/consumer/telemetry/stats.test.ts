/** The tallies of a tenant's tasks are kept without reading the tasks, and equal a count of the rows. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { overviewLimits } from "../../../shared/limits.ts";
import { removeTasks } from "../../../shared/store/cleanup/old_tasks.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { type RedriveMode, redriveTasks } from "../../../shared/store/tasks/redrives.ts";
import { releaseTask, writeSettlement } from "../../../shared/store/tasks/settlements.ts";
import { requestCancel } from "../../../shared/store/tasks/tasks.ts";
import { emptyLedgerEntry } from "../../../shared/store/usage/spend.ts";
import { readStats } from "../../../shared/store/usage/stats.ts";
import { redrivable, statuses, type TerminalStatus } from "../../../shared/task/states.ts";
import { countedDatabase } from "../../shared/counted_database.ts";
import { acceptTask, readRow } from "../harness.ts";

const tenants = ["one", "two"] as const;
const models = ["rehearsal", "@cf/a"] as const;
const terminal: readonly TerminalStatus[] = ["succeeded", ...redrivable];
const ledger = emptyLedgerEntry;

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
});

/** The same numbers, counted from every row. */
async function countRows(tenant: string) {
  const { results } = await env.DB.prepare(
    "SELECT status, model, usage, created_at FROM tasks WHERE tenant = ?1 ORDER BY model",
  )
    .bind(tenant)
    .all<{ status: string; model: string; usage: string; created_at: number }>();
  const queued = results.filter(({ status }) => status === "queued");
  const ended = results.filter(({ status }) => status !== "queued" && status !== "running");
  const usageOf = (model: string, field: string): number =>
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
      prompt_tokens: usageOf(model, "prompt_tokens"),
      cached_tokens: 0,
      completion_tokens: usageOf(model, "completion_tokens"),
      unpriced_tokens: 0,
      cost_usd: expect.closeTo(usageOf(model, "cost_usd"), 9),
    })),
  };
}

const usage = (tokens: number): string =>
  JSON.stringify({ prompt_tokens: tokens, completion_tokens: 1, cost_usd: tokens / 1_000 });

const settlementOf = (status: TerminalStatus, tokens: number) => ({
  status,
  reason: status === "succeeded" ? ("completed" as const) : ("no_progress" as const),
  usageJson: usage(tokens),
  quirksJson: "[]",
  outputJson: null,
  errorJson: null,
  attemptErrorJson: null,
  result: status === "succeeded" ? { key: "k", sha256: "s", bytes: 1 } : null,
  body: null,
  charges: [],
  ledger,
  journaled: false,
});

const releaseOf = (tokens: number, failed: boolean) => ({
  delayMs: 0,
  usageJson: usage(tokens),
  quirksJson: "[]",
  errorJson: failed ? '{"code":"bug"}' : null,
  ledger,
});

// Few tasks, so that much happens to each of them.
const taskNumber = fc.nat({ max: 2 });
const action = <const Name extends string>(name: Name) => ({
  do: fc.constant(name),
  n: taskNumber,
});
const actions = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ...action("accept"), tenant: fc.constantFrom(...tenants) }) },
  { weight: 4, arbitrary: fc.record(action("claim")) },
  { weight: 1, arbitrary: fc.record(action("claim and lose")) },
  { weight: 2, arbitrary: fc.record({ ...action("release"), failed: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ ...action("settle"), status: fc.constantFrom(...terminal) }),
  },
  { weight: 1, arbitrary: fc.record(action("settle and roll back")) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...action("redrive"),
      mode: fc.constantFrom<RedriveMode>("resume", "restart"),
      model: fc.constantFrom(...models),
    }),
  },
  { weight: 1, arbitrary: fc.record(action("cancel")) },
  { weight: 1, arbitrary: fc.record(action("remove")) },
  { weight: 1, arbitrary: fc.record(action("delete by hand")) },
);
type Action = typeof actions extends fc.Arbitrary<infer T> ? T : never;

/** An action that the task's status does not allow changes nothing. */
async function perform(id: string, step: Action): Promise<void> {
  if (step.do === "accept") {
    const model = models[step.n % models.length] ?? "rehearsal";
    await acceptTask({ prompt: "p", model }, { id, tenant: step.tenant });
    return;
  }
  const row = await readRow(id).catch(() => null);
  if (row === null) return;
  const owner = { id, fence: row.fence };
  switch (step.do) {
    case "claim":
      await claimTask(env.DB, id, "{}");
      return;
    case "claim and lose":
      await claimTask(env.DB, id, "{}");
      await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
      return;
    case "release":
      await releaseTask(env.DB, owner, releaseOf(step.n, step.failed));
      return;
    case "settle":
      await writeSettlement(env.DB, owner, settlementOf(step.status, 10 * step.n));
      return;
    case "settle and roll back": {
      // A settlement whose transaction fails later.
      const rolledBack = env.DB.batch([
        env.DB.prepare(
          `UPDATE tasks SET status = 'failed', reason = 'no_progress', sweep_at = NULL, usage = ?2
           WHERE id = ?1 AND status = 'running'`,
        ).bind(id, usage(7)),
        env.DB.prepare("INSERT INTO tasks (id) VALUES ('x')"),
      ]);
      await expect(rolledBack).rejects.toThrow("NOT NULL");
      return;
    }
    case "redrive": {
      const { mode, model } = step;
      const next = { spec: "{}", error: null, policy: "default", sandbox: "isolate", attempts: 3 };
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
  it("equal a count of the rows after any sequence of actions", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(actions, { minLength: 20, maxLength: 60, size: "max" }),
        async (steps) => {
          await env.DB.prepare("DELETE FROM tasks").run();
          for (const step of steps) await perform(`task_${step.n}`, step);
          for (const tenant of tenants) {
            expect(await readStats(env.DB, tenant)).toEqual(await countRows(tenant));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("have no tally row left after the last task is removed", async () => {
    await acceptTask({ prompt: "p" }, { id: "task_a" });
    await claimTask(env.DB, "task_a", "{}");
    await writeSettlement(env.DB, { id: "task_a", fence: 1 }, settlementOf("failed", 3));
    await env.DB.prepare("DELETE FROM tasks").run();
    const count = await env.DB.prepare("SELECT COUNT(*) FROM task_tallies").first("COUNT(*)");
    expect(count).toBe(0);
  });

  it("list the models with the most tasks, and count the tasks of all models", async () => {
    const { modelsMax } = overviewLimits;
    for (let n = 0; n < modelsMax + 5; n++)
      await acceptTask(
        { prompt: "p" },
        { id: `task_${n}`, model: `m${String(n).padStart(3, "0")}` },
      );
    await acceptTask({ prompt: "p" }, { id: "task_more", model: `m${modelsMax + 4}` });
    const { counts, models: named } = await readStats(env.DB, "default");
    expect(counts.queued).toBe(modelsMax + 6);
    expect(named).toHaveLength(modelsMax);
    expect(named.at(-1)).toMatchObject({ model: `m${modelsMax + 4}`, tasks: 2 });
  });

  it("read as many rows for a thousand tasks as for one", async () => {
    const reads = async (): Promise<number> => {
      const { db, rows } = countedDatabase(env.DB);
      await readStats(db, "default");
      return rows.read;
    };
    await acceptTask({ prompt: "p" }, { id: "task_0000" });
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
