import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  testConsumer,
} from "../harness.ts";
import { SimulatedTime } from "../slice/simulated_time.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const busy = (retry_after?: number) => ({
  error: {
    status: 429,
    code: "busy",
    message: "busy",
    ...(retry_after === undefined ? {} : { retry_after }),
  },
});
const repeatBusy = (count: number, retryAfter?: number) =>
  Array.from({ length: count }, () => busy(retryAfter));
const makeDue = (id: string) =>
  env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();

test("an endpoint that is busy without a wait is called three times a slice, with growing delays", async () => {
  const time = new SimulatedTime();
  const on = testConsumer({ DB: time.database, OBJECTS: time.bucket });
  const id = await acceptTask({ prompt: "p", rehearsal: repeatBusy(200, 0) });
  const startedAt = time.now();
  await time.until(deliverMessages(on, [id]));
  expect(time.now() - startedAt).toBeGreaterThanOrEqual(3_000);
  const steps = await readSteps(id);
  expect(steps).toMatchObject([{ payload: { kind: "model", reply: null, times: 3 } }]);
  const [sent] = on.sent;
  expect(sent?.delaySeconds).toBeGreaterThanOrEqual(4);
}, 20_000);

test("a task whose model is busy for days has one journal row for it, and spends no attempt and no call", async () => {
  const on = testConsumer();
  const id = await acceptTask({
    prompt: "p",
    limits: { model_calls: 3, steps: 3 },
    rehearsal: [...repeatBusy(30), finalAnswer({ text: "at last" })],
  });
  for (let n = 0; n < 30; n++) {
    await deliverMessages(on, [id]);
    await makeDue(id);
  }
  expect(await readSteps(id)).toHaveLength(1);
  expect(await readRow(id)).toMatchObject({ status: "queued", attempt: 0 });
  // The rehearsal's position counts every busy reply, so the next turn is the answer.
  await deliverMessages(on, [id]);
  const row = await readRow(id);
  expect([row.status, JSON.parse(row.usage).model_calls]).toEqual(["succeeded", 1]);
  expect((await readSteps(id)).map((step) => [step.seq, step.status])).toEqual([
    [1, "failed"],
    [2, "done"],
  ]);
});
