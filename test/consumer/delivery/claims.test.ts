import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { readConfig } from "../../../consumer/config/config.ts";
import { deliver } from "../../../consumer/delivery/deliver.ts";
import { taskMessage } from "../../../shared/message.ts";
import { claim, heartbeat, release, settle } from "../../../shared/store/claims.ts";
import { writeSteps } from "../../../shared/store/journal.ts";
import { noneCharged } from "../../../shared/store/spend.ts";
import { noUsage } from "../../../shared/usage.ts";
import { accept, bench, call, deliverTo, finish, rowOf } from "../harness.ts";

const task = { prompt: "p", rehearsal: [call("list_files", {}), finish()] };
const hashes = JSON.stringify({ default: "h1" });
const lapse = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
const end = {
  status: "succeeded",
  reason: "completed",
  usageJson: "{}",
  quirksJson: "[]",
  outputJson: null,
  errorJson: null,
  charged: noneCharged,
  attemptErrorJson: null,
  result: { key: "k", sha256: "s", bytes: 1 },
  transcript: null,
  charges: [],
  journaled: true,
} as const;
const step = {
  seq: 1,
  kind: "model",
  name: "m",
  status: "done",
  started_at: 1,
  duration_ms: 1,
  payload: "{}",
  payload_key: null,
  usage: noUsage,
} as const;

test("one message delivered ten times at once: one claim wins, one result, ten acks", async () => {
  const on = bench();
  const id = await accept(task);
  const answer = await deliverTo(
    on,
    Array.from({ length: 10 }, () => id),
  );
  expect(answer).toEqual({ acked: 10, retried: 0 });
  const row = await rowOf(id);
  expect([row.status, row.fence]).toEqual(["succeeded", 1]);
});

test("a live lease is not claimed, one that ran out is, under a higher fence", async () => {
  const id = await accept(task);
  expect((await claim(env.DB, id, hashes))?.fence).toBe(1);
  expect(await claim(env.DB, id, hashes)).toBeNull();
  await lapse(id);
  expect((await claim(env.DB, id, hashes))?.fence).toBe(2);
});

test("a task before its not_before is not claimed, and a settled one never again", async () => {
  const early = await accept(task, { not_before: Date.now() + 3_600_000 });
  expect(await claim(env.DB, early, hashes)).toBeNull();
  const id = await accept(task);
  const row = await claim(env.DB, id, hashes);
  expect(await settle(env.DB, { id, fence: row?.fence ?? 0 }, end)).toBe(true);
  expect(await claim(env.DB, id, hashes)).toBeNull();
});

test("under an old fence nothing is written: no heartbeat, no step, no settlement", async () => {
  const id = await accept(task);
  await claim(env.DB, id, hashes);
  await lapse(id);
  await claim(env.DB, id, hashes);
  const old = { id, fence: 1 };
  expect(await heartbeat(env.DB, old)).toBe(false);
  expect(await writeSteps(env.DB, old, [step], null)).toEqual({ held: false });
  expect(await settle(env.DB, old, end)).toBe(false);
  const rows = await env.DB.prepare("SELECT * FROM steps WHERE task_id = ?1").bind(id).all();
  expect(rows.results).toEqual([]);
  expect((await rowOf(id)).status).toBe("running");
});

test("a settlement whose answer was lost is repeated without harm", async () => {
  const id = await accept(task);
  await claim(env.DB, id, hashes);
  expect(await settle(env.DB, { id, fence: 1 }, end)).toBe(true);
  expect(await settle(env.DB, { id, fence: 1 }, end)).toBe(true);
});

test("a lost lease costs an attempt only when its owner journaled no step", async () => {
  const id = await accept(task);
  await claim(env.DB, id, hashes);
  await writeSteps(env.DB, { id, fence: 1 }, [step], null);
  await lapse(id);
  expect((await claim(env.DB, id, hashes))?.attempt).toBe(0);
  await lapse(id);
  expect((await claim(env.DB, id, hashes))?.attempt).toBe(1);
});

test("only a claim that is taken from another counts as lost, whatever it had journaled", async () => {
  const id = await accept(task);
  const first = await claim(env.DB, id, hashes);
  expect(first?.lost_claims).toBe(0);
  const back = { delayMs: 0, usageJson: "{}", quirksJson: "[]", errorJson: null };
  await release(env.DB, { id, fence: 1 }, { ...back, charged: noneCharged });
  expect((await claim(env.DB, id, hashes))?.lost_claims).toBe(0);
  await writeSteps(env.DB, { id, fence: 2 }, [step], null);
  await lapse(id);
  expect((await claim(env.DB, id, hashes))?.lost_claims).toBe(1);
});

test("a task whose worker dies twenty times, each time behind a step, is not dead and ends well", async () => {
  const turns = Array.from({ length: 12 }, (_, n) =>
    call("write_file", { path: `${n}.txt`, content: "x" }),
  );
  const id = await accept({ prompt: "p", attempts: 2, rehearsal: [...turns, finish()] });
  const on = bench();
  const oneTurn = { ...(await readConfig(on.env)), sliceMs: 0 };
  const message = { body: taskMessage(id, "rehearsal"), ack: () => {}, retry: () => {} };
  for (let death = 0; death < 20; death++) {
    await deliver(oneTurn, message as unknown as Message<unknown>, "normal");
    // Its step is journaled, and it dies before it can give the task back.
    await env.DB.prepare(
      "UPDATE tasks SET status = 'running', claimed_by = 'dead', lease_until = 0 WHERE id = ?1",
    )
      .bind(id)
      .run();
  }
  expect(await rowOf(id)).toMatchObject({ attempt: 0, status: "running", lost_claims: 19 });
  await deliverTo(on, [id]);
  expect(await rowOf(id)).toMatchObject({ attempt: 0, status: "succeeded", lost_claims: 20 });
});

test("a task whose workers died as often as it may be tried is dead", async () => {
  const on = bench();
  const id = await accept({ ...task, attempts: 2 });
  for (let n = 0; n < 2; n++) {
    await claim(env.DB, id, hashes);
    await lapse(id);
  }
  await deliverTo(on, [id]);
  const row = await rowOf(id);
  expect([row.status, row.reason]).toEqual(["dead", "attempts_exhausted"]);
  expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "lease_lost" });
});

test("the first claim pins the policy's hash, and a later one keeps it", async () => {
  const id = await accept(task);
  expect((await claim(env.DB, id, hashes))?.policy_hash).toBe("h1");
  await lapse(id);
  expect((await claim(env.DB, id, JSON.stringify({ default: "h2" })))?.policy_hash).toBe("h1");
});

test("a message that comes before its task is due is sent again for that time", async () => {
  const on = bench();
  const id = await accept(task, { not_before: Date.now() + 3_600_000 });
  expect(await deliverTo(on, [id])).toEqual({ acked: 1, retried: 0 });
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
  expect(on.sent[0]?.delaySeconds).toBeGreaterThan(3_590);
});

test("a message that is not ours is acknowledged and changes nothing", async () => {
  const on = bench();
  expect(await deliverTo(on, ["task_unknown"])).toEqual({ acked: 1, retried: 0 });
});
