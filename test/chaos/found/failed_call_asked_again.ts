/**
 * Found: a model call that ended the task for good (HTTP 400) is journaled, and then the worker dies before
 * it settles. The next claim folds the journal, ignores the failed call and asks the model again, so a
 * finished model call is repeated, and here the task even succeeds. Likewise a 5xx that was journaled and
 * whose release was lost is not counted as a failed try.
 *
 * Not run by default: rename to `.test.ts`.
 */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { killedStores } from "../../consumer/faulty_stores.ts";
import { accept, bench, deliverTo, finish, rowOf } from "../../consumer/harness.ts";

const refused = { error: { status: 400, code: "bad", message: "bad" } };

test("a task whose model refused it for good fails, also when its worker died before it settled", async () => {
  for (let k = 1; k < 10; k++) {
    const id = await accept({ prompt: "p", attempts: 10, rehearsal: [refused, finish()] });
    await deliverTo(bench(killedStores(k, false).env), [id]);
    await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
    await deliverTo(bench(), [id]);
    const { status, reason } = await rowOf(id);
    expect([k, status, reason]).toEqual([k, "failed", "model_error"]);
  }
});
