import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { watchRestores } from "../../../producer/sweep/restore_watch.ts";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { objectKeys } from "../../../shared/files/objects.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
} from "../../consumer/harness.ts";
import { send, testFleet } from "../client.ts";

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
  await env.DB.prepare(
    "UPDATE fleet_epoch SET epoch = 0, marked_at = 0, restored_at = NULL, parking = 0",
  ).run();
  await env.OBJECTS.delete(objectKeys.epoch());
});

const task = { prompt: "p", rehearsal: [finalAnswer(), finalAnswer()] };

/** The database as it was before the last minutes: its mark is older than the one in R2. */
const restoreDatabase = () =>
  env.DB.prepare("UPDATE fleet_epoch SET marked_at = marked_at - 600000").run();

test("without a restore nothing is set aside", async () => {
  const fleet = testFleet();
  await sweep(fleet.env);
  const id = await acceptTask(task);
  await sweep(fleet.env);
  const answer = await send(fleet, "GET", "/v1/restore");
  expect(await answer.json()).toEqual({ epoch: 0, restored_at: null, parking: false });
  await deliverMessages(testConsumer(), [id]);
  expect((await readRow(id)).status).toBe("succeeded");
});

test("a restore sets live tasks aside, lets new ones run, and a person resumes the old ones", async () => {
  const fleet = testFleet();
  await sweep(fleet.env);
  const [waiting, running] = [await acceptTask(task), await acceptTask(task)];
  await env.DB.prepare(
    "UPDATE tasks SET status = 'running', fence = 3, lease_until = 0, sweep_at = 0 WHERE id = ?1",
  )
    .bind(running)
    .run();
  await restoreDatabase();
  await sweep(fleet.env);
  const fresh = await acceptTask(task);
  await deliverMessages(testConsumer(), [waiting, running, fresh]);
  const statuses = async () =>
    Promise.all([waiting, running, fresh].map(async (id) => (await readRow(id)).status));
  expect(await statuses()).toEqual(["queued", "running", "succeeded"]);
  expect((await readRow(waiting)).parked).toBe("restored");

  const answer = await send(fleet, "POST", "/v1/restore/resume");
  expect(await answer.json()).toEqual({ resumed: 2, next_cursor: null });
  await deliverMessages(testConsumer(), [waiting, running]);
  expect(await statuses()).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect((await readRow(running)).fence).toBeGreaterThan(1_000);
});

test("a task that is set aside can be cancelled", async () => {
  const fleet = testFleet();
  await sweep(fleet.env);
  const id = await acceptTask(task);
  await restoreDatabase();
  await sweep(fleet.env);
  expect((await send(fleet, "POST", `/v1/tasks/${id}/cancel`)).status).toBe(202);
  await deliverMessages(testConsumer(), [id]);
  expect((await readRow(id)).status).toBe("cancelled");
});

test.each([
  ["queued", "status = 'queued'"],
  ["running", "status = 'running', fence = 2, lease_until = 0, sweep_at = 9e15"],
])("a result that a %s task left in R2 after the restored state is adopted", async (_, state) => {
  const fleet = testFleet();
  await sweep(fleet.env);
  const id = await acceptTask(task);
  await env.DB.prepare(`UPDATE tasks SET ${state} WHERE id = ?1`).bind(id).run();
  const result = { id, status: "succeeded", usage: { steps: 1 }, output: { text: "done" } };
  const key = objectKeys.result("default", id, 2);
  await env.OBJECTS.put(key, JSON.stringify(result));
  await restoreDatabase();
  await sweep(fleet.env);
  expect(await readRow(id)).toMatchObject({
    ...{ status: "succeeded", reason: "completed", fence: 2, result_key: key },
    ...{ output: '{"text":"done"}', result_bytes: JSON.stringify(result).length },
  });
});

test("parking lasts until the lease of a running task is over", async () => {
  const fleet = testFleet();
  await sweep(fleet.env);
  const id = await acceptTask(task);
  const lease = (until: string) =>
    env.DB.prepare(`UPDATE tasks SET status = 'running', lease_until = ${until} WHERE id = ?1`)
      .bind(id)
      .run();
  const isParking = async () =>
    (await (await send(fleet, "GET", "/v1/restore")).json<{ parking: boolean }>()).parking;
  await lease("9e15");
  await restoreDatabase();
  await sweep(fleet.env);
  expect(await isParking()).toBe(true);
  await lease("0");
  await sweep(fleet.env);
  expect(await isParking()).toBe(false);
  expect((await readRow(id)).parked).toBe("restored");
});

test("a sweep that marks the database during another one is not taken for a restore", async () => {
  const fleet = testFleet();
  await sweep(fleet.env);
  let marks = 0;
  const get = async (...args: Parameters<R2Bucket["get"]>) => {
    if (args[0] === objectKeys.epoch() && marks++ === 0) await watchRestores(fleet.env);
    return env.OBJECTS.get(...args);
  };
  const slowBucket = new Proxy(env.OBJECTS, {
    get: (bucket, name) => {
      const value: unknown = name === "get" ? get : Reflect.get(bucket, name);
      return typeof value === "function" && name !== "get" ? value.bind(bucket) : value;
    },
  });
  expect(await watchRestores({ ...fleet.env, OBJECTS: slowBucket })).toMatchObject({ epoch: 0 });
  expect(marks).toBe(1);
});

test("two crons that find the same restore raise one epoch", async () => {
  const fleet = testFleet();
  await sweep(fleet.env);
  await restoreDatabase();
  await Promise.all([sweep(fleet.env), sweep(fleet.env)]);
  const answer = await send(fleet, "GET", "/v1/restore");
  expect(await answer.json()).toMatchObject({ epoch: 1 });
});
