import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { killedStores } from "../faulty_stores.ts";
import { accept, bench, deliverTo, finish, rowOf } from "../harness.ts";

const answered = (status: number) => ({ error: { status, code: "x", message: "no" } });
const again = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();

test("a task that its model refused for good fails, also when its worker died before it settled", async () => {
  for (let k = 1; k < 10; k++) {
    const id = await accept({ prompt: "p", attempts: 10, rehearsal: [answered(400), finish()] });
    await deliverTo(bench(killedStores(k, false).env), [id]);
    await again(id);
    await deliverTo(bench(), [id]);
    const { status, reason } = await rowOf(id);
    expect([k, status, reason]).toEqual([k, "failed", "model_error"]);
  }
});

test("a try that failed counts once, also when its worker died before it gave the task back", async () => {
  // The first three calls come before the failure is journaled.
  for (let k = 4; k < 10; k++) {
    const id = await accept({ prompt: "p", attempts: 10, rehearsal: [answered(503), finish()] });
    await deliverTo(bench(killedStores(k, false).env), [id]);
    for (let delivery = 0; delivery < 2; delivery++) {
      await again(id);
      await deliverTo(bench(), [id]);
    }
    const { status, attempt } = await rowOf(id);
    expect([k, status, attempt]).toEqual([k, "succeeded", 1]);
  }
});
