import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { lines, ndjson, RecordingQueue, send, task, testFleet } from "../client.ts";
import { batchOf, chatLine, clientOf, rehearsing } from "../openai/openai_client.ts";
import { cronMinute, endTasks, getBatch, postBatch } from "./steps.ts";

/** A fleet whose stores record every write: SQL that is not a SELECT, R2 writes, queue sends. */
function recordingFleet() {
  const writes: string[] = [];
  const DB = new Proxy(env.DB, {
    get(db, key) {
      const member: unknown = Reflect.get(db, key);
      if (key !== "prepare") return typeof member === "function" ? member.bind(db) : member;
      return (text: string) => {
        if (!text.trimStart().startsWith("SELECT")) writes.push(text);
        return db.prepare(text);
      };
    },
  });
  const OBJECTS = new Proxy(env.OBJECTS, {
    get(bucket, key) {
      const member: unknown = Reflect.get(bucket, key);
      if (typeof member !== "function") return member;
      return (...values: unknown[]) => {
        if (/put|delete|create/.test(String(key))) writes.push(`R2 ${String(key)}`);
        return Reflect.apply(member, bucket, values) as unknown;
      };
    },
  });
  const queue = new RecordingQueue();
  const fleet = testFleet({ DB, OBJECTS, TASKS: queue, TASKS_LOW: queue });
  return { fleet, writes, queue };
}

const writing = testFleet();
const post = (count: number, overrides: object = {}) =>
  postBatch(writing, { tasks: Array.from({ length: count }, () => task()), ...overrides });

const openAiBatch = async (): Promise<string> =>
  (await batchOf(clientOf(writing), [chatLine("a")], { metadata: rehearsing("yes") })).id;

/** Batches in each state that a read could be tempted to change. */
const states: [string, () => Promise<string>][] = [
  [
    "running",
    async () => {
      const { id } = await post(600);
      await endTasks(id, { to: 10 });
      return id;
    },
  ],
  [
    "done and not finished",
    async () => {
      const { id } = await post(3);
      await endTasks(id);
      return id;
    },
  ],
  [
    "waiting for a batch that is done",
    async () => {
      const source = await post(1);
      const { id } = await post(1, { after: { batch: source.id } });
      await endTasks(source.id);
      return id;
    },
  ],
  [
    "finished, without results in R2",
    async () => {
      const { id } = await post(1);
      await endTasks(id);
      await env.DB.prepare(
        "UPDATE batches SET status = 'finished', finished_at = 5000 WHERE id = ?1",
      )
        .bind(id)
        .run();
      return id;
    },
  ],
  [
    "of OpenAI's format, done and without files",
    async () => {
      const id = await openAiBatch();
      await endTasks(id);
      return id;
    },
  ],
];

it.each(states)("no read of a batch that is %s writes to a store", async (_name, create) => {
  const id = await create();
  const { fleet, writes, queue } = recordingFleet();
  for (const path of [
    `/v1/batches/${id}`,
    `/v1/batches/${id}/results`,
    `/v1/batches/${id}/failures`,
    "/v1/batches",
    `/openai/v1/batches/${id}`,
    "/openai/v1/batches",
  ]) {
    await (await send(fleet, "GET", path)).arrayBuffer();
  }
  expect(writes).toEqual([]);
  expect(queue.sent).toEqual([]);
});

it("an OpenAI batch is finalizing until the cron has written its files", async () => {
  const id = await openAiBatch();
  await endTasks(id);
  const status = async () =>
    (await (await send(writing, "GET", `/openai/v1/batches/${id}`)).json<{ status: string }>())
      .status;
  expect(await status()).toBe("finalizing");
  await cronMinute(writing);
  expect(await status()).toBe("completed");
});

it("the results of a batch are complete before the cron has stored them", async () => {
  const { id } = await postBatch(writing, lines([task(), task()]), { headers: ndjson });
  await endTasks(id);
  expect((await getBatch(writing, id)).status).toBe("finished");
  const text = await (await send(writing, "GET", `/v1/batches/${id}/results`)).text();
  expect(text.trimEnd().split("\n")).toHaveLength(2);
});
