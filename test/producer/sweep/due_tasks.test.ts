import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { voidLeasesSql } from "../../../producer/local/restart_sql.ts";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { sweepLimits } from "../../../shared/limits.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { markSent, takeDueTasks } from "../../../shared/store/tasks/due_tasks.ts";
import { releaseTask } from "../../../shared/store/tasks/settlements.ts";
import { emptyLedgerEntry } from "../../../shared/store/usage/spend.ts";
import { acceptTask, readRow } from "../../consumer/harness.ts";
import { testFleet } from "../client.ts";

const minutesAhead = async (id: string): Promise<number> =>
  Math.round((((await readRow(id)).sweep_at ?? 0) - Date.now()) / 60_000);

const dueNow = (id: string, set = "sent_at = sent_at") =>
  env.DB.prepare(`UPDATE tasks SET sweep_at = 0, ${set} WHERE id = ?1`).bind(id).run();

// Only this test's rows are due.
beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
});

describe("a task that the sweep has taken", () => {
  it("a taken task that is not marked as sent is due again after two minutes", async () => {
    const id = await acceptTask({ prompt: "p" });
    await dueNow(id, "sends = 7, sent_at = NULL");
    expect(await takeDueTasks(env.DB, 500)).toMatchObject([{ id, fence: 0 }]);
    expect(await readRow(id)).toMatchObject({ sent_at: null, sends: 7 });
    expect(await minutesAhead(id)).toBe(2);
    expect(await takeDueTasks(env.DB, 500)).toEqual([]);
  });

  it("a queued task that was sent needs nothing more from the sweep", async () => {
    const fleet = testFleet();
    const id = await acceptTask({ prompt: "p" });
    await dueNow(id);
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id }]);
    expect(await readRow(id)).toMatchObject({ sweep_at: sweepLimits.never });
  });

  it.each([
    [1, 30],
    [2, 60],
    [7, 960],
    [40, 960],
  ])(
    "a running task whose lease expired and that was sent %i times before is due again in %i minutes",
    async (sends, minutes) => {
      const fleet = testFleet();
      const id = await acceptTask({ prompt: "p" });
      await claimTask(env.DB, id, "{}");
      await dueNow(id, `lease_until = 0, sends = ${sends}`);
      await sweep(fleet.env);
      expect(fleet.tasks.sent).toMatchObject([{ task_id: id }]);
      expect(await readRow(id)).toMatchObject({ sends: sends + 1 });
      expect(await minutesAhead(id)).toBe(minutes);
    },
  );

  it("a task that was claimed after the sweep took it is not marked as sent", async () => {
    const id = await acceptTask({ prompt: "p" });
    await dueNow(id);
    const due = await takeDueTasks(env.DB, 500);
    const claimed = await claimTask(env.DB, id, "{}");
    await markSent(env.DB, due);
    expect(await readRow(id)).toMatchObject({
      sends: claimed?.sends ?? -1,
      sweep_at: claimed?.sweep_at ?? -1,
    });
  });

  it("a taken task with a later `not_before` is sent with that delay", async () => {
    const fleet = testFleet();
    const id = await acceptTask({ prompt: "p" }, { not_before: Date.now() + 600_000 });
    for (const sql of voidLeasesSql.split(";")) await env.DB.prepare(sql).run();
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id }]);
    expect(Math.round((fleet.tasks.sent[0]?.delaySeconds ?? 0) / 60)).toBe(10);
    expect(await readRow(id)).toMatchObject({ sweep_at: sweepLimits.never });
  });
});

it("a released task needs nothing from the sweep, and is claimed later without it", async () => {
  const id = await acceptTask({ prompt: "p" });
  const claimed = await claimTask(env.DB, id, "{}");
  await releaseTask(
    env.DB,
    { id, fence: claimed?.fence ?? -1 },
    { delayMs: 0, usageJson: "{}", quirksJson: "[]", errorJson: null, ledger: emptyLedgerEntry },
  );
  expect(await readRow(id)).toMatchObject({ status: "queued", sweep_at: sweepLimits.never });
  expect(await takeDueTasks(env.DB, 500)).toEqual([]);
});

it("a task that expires is due for the sweep at that time", async () => {
  const expires = Date.now() + 3_600_000;
  const id = await acceptTask({ prompt: "p" }, { expires_at: expires });
  expect(await readRow(id)).toMatchObject({ sweep_at: expires });
});
