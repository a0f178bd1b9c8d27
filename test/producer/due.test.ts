import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sweep } from "../../producer/sweep/sweep.ts";
import { claim, release } from "../../shared/store/claims.ts";
import { markSent, takeDue, voidLeasesSql } from "../../shared/store/due_tasks.ts";
import { noneCharged } from "../../shared/store/spend.ts";
import { accept, rowOf } from "../consumer/harness.ts";
import { testFleet } from "./client.ts";

const minutesAhead = async (id: string): Promise<number> =>
  Math.round((((await rowOf(id)).sweep_at ?? 0) - Date.now()) / 60_000);

const dueNow = (id: string, set = "sent_at = sent_at") =>
  env.DB.prepare(`UPDATE tasks SET sweep_at = 0, ${set} WHERE id = ?1`).bind(id).run();

// Only this test's rows are due.
beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
});

describe("a task that the sweep took", () => {
  it("is due again in two minutes while nobody says that it was sent", async () => {
    const id = await accept({ prompt: "p" });
    await dueNow(id, "sends = 7, sent_at = NULL");
    expect(await takeDue(env.DB, 500, true)).toMatchObject([{ id, fence: 0 }]);
    expect(await rowOf(id)).toMatchObject({ sent_at: null, sends: 7 });
    expect(await minutesAhead(id)).toBe(2);
    expect(await takeDue(env.DB, 500, true)).toEqual([]);
  });

  it.each([
    [1, 30],
    [2, 60],
    [7, 960],
    [40, 960],
  ])(
    "and sent, after %i times before, is looked at again in %i minutes",
    async (sends, minutes) => {
      const fleet = testFleet();
      const id = await accept({ prompt: "p" });
      await dueNow(id, `sends = ${sends}`);
      await sweep(fleet.env);
      expect(fleet.tasks.sent).toMatchObject([{ task_id: id }]);
      expect(await rowOf(id)).toMatchObject({ sends: sends + 1 });
      expect(await minutesAhead(id)).toBe(minutes);
    },
  );

  it("is its claimer's, and is not marked, when it was claimed before the mark", async () => {
    const id = await accept({ prompt: "p" });
    await dueNow(id);
    const due = await takeDue(env.DB, 500, true);
    const claimed = await claim(env.DB, id, "{}");
    await markSent(env.DB, due);
    expect(await rowOf(id)).toMatchObject({
      sends: claimed?.sends ?? -1,
      sweep_at: claimed?.sweep_at ?? -1,
    });
  });

  it("is sent for its time where that lies ahead", async () => {
    const fleet = testFleet();
    const id = await accept({ prompt: "p" }, { not_before: Date.now() + 600_000 });
    for (const sql of voidLeasesSql.split(";")) await env.DB.prepare(sql).run();
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id }]);
    expect(Math.round((fleet.tasks.sent[0]?.delaySeconds ?? 0) / 60)).toBe(10);
    expect(await minutesAhead(id)).toBeGreaterThan(24);
  });
});

it("yields do not count as sends that were lost: the first look after many is an early one", async () => {
  const fleet = testFleet();
  const id = await accept({ prompt: "p" });
  for (let n = 0; n < 6; n++) {
    const claimed = await claim(env.DB, id, "{}");
    await env.DB.prepare("UPDATE tasks SET attempt = 0 WHERE id = ?1").bind(id).run();
    await release(
      env.DB,
      { id, fence: claimed?.fence ?? -1 },
      { delayMs: 0, usageJson: "{}", quirksJson: "[]", errorJson: null, charged: noneCharged },
    );
  }
  await dueNow(id);
  await sweep(fleet.env);
  expect(await minutesAhead(id)).toBe(30);
});
