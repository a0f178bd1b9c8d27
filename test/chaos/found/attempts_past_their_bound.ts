/**
 * Found by seeds 1061 and 1407 (12 tasks): a task's attempt may pass its attempts. A worker that claims the
 * task to settle it as dead and dies first journals no step, so the next claim counts one more; and the dead
 * letter queue counts a failed try on top of the last one that its own claim has counted.
 *
 * Not run by default: rename to `.test.ts`.
 */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { claim } from "../../../shared/store/claims.ts";
import { accept, bench, deliverTo, finish, rowOf } from "../../consumer/harness.ts";

const task = { prompt: "p", attempts: 1, rehearsal: [finish()] };

async function claimAndDie(id: string): Promise<void> {
  await claim(env.DB, id, "{}");
  await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
}

test("workers that die before they settle a task as dead count no further tries", async () => {
  const id = await accept(task);
  for (let n = 0; n < 3; n++) await claimAndDie(id);
  await deliverTo(bench(), [id]);
  const { status, attempt } = await rowOf(id);
  expect([status, attempt]).toEqual(["dead", 1]);
});

test("the dead letter queue counts no try past the last", async () => {
  const id = await accept(task);
  await claimAndDie(id);
  await env.DB.prepare("UPDATE tasks SET sent_at = NULL WHERE id = ?1").bind(id).run();
  await deliverTo(bench(), [id], "tasks-dlq");
  const { status, attempt } = await rowOf(id);
  expect([status, attempt]).toEqual(["dead", 1]);
});
