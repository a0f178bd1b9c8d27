import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { overviewLimits } from "../../shared/limits.ts";
import { readThroughput } from "../../shared/store/throughput.ts";
import { lines, ndjson, send, task, testFleet } from "./client.ts";

const fleet = testFleet();

interface Minute {
  at: string;
  succeeded: number;
  failed: number;
  tokens: number;
  cost_usd: number;
}

const throughput = async (minutes: number): Promise<{ minutes: Minute[]; complete_from: string }> =>
  (await send(fleet, "GET", `/v1/throughput?minutes=${minutes}`)).json();

async function batch(count: number): Promise<string> {
  const tasks = Array.from({ length: count }, () => task());
  const answer = await send(fleet, "POST", "/v1/batches", lines(tasks), ndjson);
  return (await answer.json<{ id: string }>()).id;
}

/** The middle of a minute, so many minutes ago, whatever the clock does while a test runs. */
const ago = (minutes: number): number =>
  Math.floor(Date.now() / 60_000 - minutes) * 60_000 + 30_000;
const minuteAt = (told: { minutes: Minute[] }, ms: number): Minute | undefined =>
  told.minutes.find(({ at }) => Date.parse(at) === ms - 30_000);
const sum = (told: { minutes: Minute[] }): number =>
  told.minutes.reduce((all, { succeeded }) => all + succeeded, 0);

/** Ends tasks as their settlement does, at a time. */
const end = (where: string, at: number, status = "succeeded", reason = "completed") =>
  env.DB.prepare(
    `UPDATE tasks SET status = ?2, reason = ?3, sweep_at = NULL, result_key = 'k',
       error = CASE WHEN ?2 = 'succeeded' THEN NULL ELSE json_object('code', ?3, 'message', 'no ' || id) END,
       usage = '{"prompt_tokens":10,"completion_tokens":2,"cost_usd":0.5}',
       finished_at = ?1
     WHERE ${where}`,
  )
    .bind(at, status, reason)
    .run();

beforeEach(async () => {
  await env.DB.batch(["tasks", "batches"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

describe("what ended when", () => {
  it("is told minute by minute, of batches and of single tasks, empty minutes too", async () => {
    const id = await batch(3);
    await send(fleet, "POST", "/v1/tasks", task());
    const [earlier, now] = [ago(2), ago(0)];
    await end(`batch_id = '${id}' AND batch_index < 2`, earlier);
    await end(`batch_id = '${id}' AND batch_index = 2`, now, "failed", "budget_steps");
    await end("batch_id IS NULL", earlier);
    const told = await throughput(10);
    expect(told.minutes).toHaveLength(10);
    expect(sum(told)).toBe(3);
    expect(minuteAt(told, earlier)).toMatchObject({ succeeded: 3, tokens: 36, cost_usd: 1.5 });
    expect(minuteAt(told, now)).toMatchObject({
      succeeded: 0,
      failed: 1,
      tokens: 12,
      cost_usd: 0.5,
    });
    expect(told.complete_from).toBe(told.minutes[0]?.at);
  });

  it("leaves out what ended before, and what is another tenant's", async () => {
    const id = await batch(2);
    await end(`batch_id = '${id}' AND batch_index = 0`, ago(30));
    await end(`batch_id = '${id}' AND batch_index = 1`, ago(1));
    expect(sum(await throughput(10))).toBe(1);
    expect(sum(await throughput(60))).toBe(2);
    const other = await readThroughput(env.DB, "other", 60);
    expect(other.rows).toEqual([]);
  });

  it("is still told once the tallies are counted", async () => {
    const id = await batch(2);
    await end(`batch_id = '${id}'`, ago(3));
    await send(fleet, "GET", `/v1/batches/${id}`);
    expect(sum(await throughput(10))).toBe(2);
  });

  it("is read from tallies that are counted, by minute and status, and not from their tasks", async () => {
    const id = await batch(4);
    const [earlier, now] = [ago(2), ago(0)];
    await end(`batch_id = '${id}' AND batch_index < 2`, earlier);
    await end(`batch_id = '${id}' AND batch_index = 2`, now, "failed", "budget_steps");
    await send(fleet, "GET", `/v1/batches/${id}`);
    // Behind the tally's back: what is told can only come from it.
    await env.DB.prepare(
      "UPDATE tasks SET finished_at = 1, usage = '{}' WHERE finished_at > 1",
    ).run();
    const told = await throughput(10);
    expect(minuteAt(told, earlier)).toMatchObject({ succeeded: 2, tokens: 24, cost_usd: 1 });
    expect(minuteAt(told, now)).toMatchObject({ succeeded: 0, failed: 1, tokens: 12 });
  });

  it("is read from the tasks again once one of them has changed", async () => {
    const id = await batch(3);
    await end(`batch_id = '${id}' AND batch_index = 0`, ago(2));
    await send(fleet, "GET", `/v1/batches/${id}`);
    await end(`batch_id = '${id}' AND batch_index > 0`, ago(1));
    const told = await throughput(10);
    expect(minuteAt(told, ago(2))).toMatchObject({ succeeded: 1 });
    expect(minuteAt(told, ago(1))).toMatchObject({ succeeded: 2 });
  });

  it("says from where it is whole, when more has ended than a look may read", async () => {
    const id = await batch(1);
    const [old, late] = [9, 4].map((minutes) => Date.now() - minutes * 60_000);
    const rows = Array.from({ length: overviewLimits.chunksMax + 1 }, (_, n) =>
      env.DB.prepare(
        `INSERT INTO batch_tallies (batch_id, chunk, stale, finished_at) VALUES (?1, ?2, 0, ?3)`,
      ).bind(id, n + 1, n === 0 ? old : late),
    );
    await env.DB.batch(rows);
    await send(fleet, "GET", `/v1/batches/${id}`);
    await end(`batch_id = '${id}'`, ago(0));
    const { minutes, complete_from } = await throughput(10);
    expect(complete_from > (minutes[0]?.at ?? "")).toBe(true);
    expect(complete_from <= (minutes.at(-1)?.at ?? "")).toBe(true);
  });

  it.each(["0", "361", "x", "-1", "1.5"])("refuses %s minutes", async (minutes) => {
    const answer = await send(fleet, "GET", `/v1/throughput?minutes=${minutes}`);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("from 1 to 360");
  });
});

describe("why tasks of a batch did not succeed", () => {
  it("is told in groups, the largest first, each with an example", async () => {
    const id = await batch(6);
    const of = (from: number, to: number) =>
      `batch_id = '${id}' AND batch_index >= ${from} AND batch_index < ${to}`;
    await end(of(0, 1), ago(0));
    await end(of(1, 2), ago(0), "dead", "attempts_exhausted");
    await end(of(2, 5), ago(0), "failed", "budget_steps");
    const answer = await send(fleet, "GET", `/v1/batches/${id}/failures`);
    const stem = id.replace("batch_", "task_");
    expect(await answer.json()).toEqual({
      failures: [
        {
          status: "failed",
          reason: "budget_steps",
          code: "budget_steps",
          tasks: 3,
          example: `${stem}-000004`,
          message: `no ${stem}-000004`,
        },
        {
          status: "dead",
          reason: "attempts_exhausted",
          code: "attempts_exhausted",
          tasks: 1,
          example: `${stem}-000001`,
          message: `no ${stem}-000001`,
        },
      ],
    });
  });

  it("is nothing where all went well, and a stranger's batch is not there", async () => {
    const id = await batch(1);
    await end(`batch_id = '${id}'`, ago(0));
    const answer = await send(fleet, "GET", `/v1/batches/${id}/failures`);
    expect(await answer.json()).toEqual({ failures: [] });
    const missing = await send(
      fleet,
      "GET",
      "/v1/batches/batch_01m8a3kq3v1p0t7e4dm2x9c5zr/failures",
    );
    expect(missing.status).toBe(404);
  });
});

describe("the policies", () => {
  const further = JSON.stringify({
    theirs: { rules: [{ host: "a.example" }], tenants: ["acme"] },
    broken: { rules: [{ host: "*" }] },
  });
  const local = testFleet({ FLEET_POLICIES: further });

  it("are told with their rules and the names of their secrets, and without another tenant's", async () => {
    const answer = await send(local, "GET", "/v1/policies");
    const { policies } = await answer.json<{
      policies: { name: string; problem: string | null }[];
    }>();
    expect(policies.map(({ name }) => name)).toEqual(["broken", "default", "demo", "webhooks"]);
    expect(policies[0]?.problem).toContain("invalid");
    expect(policies[1]).toMatchObject({ rules: [], problem: null });
    expect(JSON.stringify(policies[2])).toContain("ORDERS_TOKEN");
  });
});
