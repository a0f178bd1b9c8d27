import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { overviewLimits } from "../../../shared/limits.ts";
import { recountTallies } from "../../../shared/store/batches/tallies.ts";
import { readThroughput } from "../../../shared/store/usage/throughput.ts";
import { lines, ndjson, send, task, testFleet } from "../client.ts";

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

/** The middle of a past minute, so that the clock can advance while a test runs. */
const ago = (minutes: number): number =>
  Math.floor(Date.now() / 60_000 - minutes) * 60_000 + 30_000;
const minuteAt = (report: { minutes: Minute[] }, ms: number): Minute | undefined =>
  report.minutes.find(({ at }) => Date.parse(at) === ms - 30_000);
const sum = (report: { minutes: Minute[] }): number =>
  report.minutes.reduce((total, { succeeded }) => total + succeeded, 0);

/** Settles tasks at the given time. */
const settle = (where: string, time: number, status = "succeeded", reason = "completed") =>
  env.DB.prepare(
    `UPDATE tasks SET status = ?2, reason = ?3, sweep_at = NULL, result_key = 'k',
       error = CASE WHEN ?2 = 'succeeded' THEN NULL ELSE json_object('code', ?3, 'message', 'no ' || id) END,
       usage = '{"prompt_tokens":10,"completion_tokens":2,"cost_usd":0.5}',
       finished_at = ?1
     WHERE ${where}`,
  )
    .bind(time, status, reason)
    .run();

beforeEach(async () => {
  await env.DB.batch(["tasks", "batches"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

describe("throughput", () => {
  it("throughput has one entry per minute for batches and single tasks, including empty minutes", async () => {
    const id = await batch(3);
    await send(fleet, "POST", "/v1/tasks", task());
    const [earlier, now] = [ago(2), ago(0)];
    await settle(`batch_id = '${id}' AND batch_index < 2`, earlier);
    await settle(`batch_id = '${id}' AND batch_index = 2`, now, "failed", "budget_steps");
    await settle("batch_id IS NULL", earlier);
    const report = await throughput(10);
    expect(report.minutes).toHaveLength(10);
    expect(sum(report)).toBe(3);
    expect(minuteAt(report, earlier)).toMatchObject({ succeeded: 3, tokens: 36, cost_usd: 1.5 });
    expect(minuteAt(report, now)).toMatchObject({
      succeeded: 0,
      failed: 1,
      tokens: 12,
      cost_usd: 0.5,
    });
    expect(report.complete_from).toBe(report.minutes[0]?.at);
  });

  it("throughput excludes earlier tasks and other tenants", async () => {
    const id = await batch(2);
    await settle(`batch_id = '${id}' AND batch_index = 0`, ago(30));
    await settle(`batch_id = '${id}' AND batch_index = 1`, ago(1));
    expect(sum(await throughput(10))).toBe(1);
    expect(sum(await throughput(60))).toBe(2);
    const other = await readThroughput(env.DB, "other", 60);
    expect(other.rows).toEqual([]);
  });

  it("throughput is the same after the tallies are recounted", async () => {
    const id = await batch(2);
    await settle(`batch_id = '${id}'`, ago(3));
    await recountTallies(env.DB, id);
    expect(sum(await throughput(10))).toBe(2);
  });

  it("throughput reads recounted tallies and not their tasks", async () => {
    const id = await batch(4);
    const [earlier, now] = [ago(2), ago(0)];
    await settle(`batch_id = '${id}' AND batch_index < 2`, earlier);
    await settle(`batch_id = '${id}' AND batch_index = 2`, now, "failed", "budget_steps");
    await recountTallies(env.DB, id);
    // Bypasses the tally, so that the report must come from the tally.
    await env.DB.prepare(
      "UPDATE tasks SET finished_at = 1, usage = '{}' WHERE finished_at > 1",
    ).run();
    const report = await throughput(10);
    expect(minuteAt(report, earlier)).toMatchObject({ succeeded: 2, tokens: 24, cost_usd: 1 });
    expect(minuteAt(report, now)).toMatchObject({ succeeded: 0, failed: 1, tokens: 12 });
  });

  it("throughput reads the tasks again after one of them has changed", async () => {
    const id = await batch(3);
    await settle(`batch_id = '${id}' AND batch_index = 0`, ago(2));
    await recountTallies(env.DB, id);
    await settle(`batch_id = '${id}' AND batch_index > 0`, ago(1));
    const report = await throughput(10);
    expect(minuteAt(report, ago(2))).toMatchObject({ succeeded: 1 });
    expect(minuteAt(report, ago(1))).toMatchObject({ succeeded: 2 });
  });

  it("throughput reports from when it is complete if one call cannot read everything", async () => {
    const id = await batch(1);
    const [old, late] = [9, 4].map((minutes) => Date.now() - minutes * 60_000);
    const rows = Array.from({ length: overviewLimits.chunksMax + 1 }, (_, n) =>
      env.DB.prepare(
        `INSERT INTO batch_tallies (batch_id, chunk, stale, finished_at) VALUES (?1, ?2, 0, ?3)`,
      ).bind(id, n + 1, n === 0 ? old : late),
    );
    await env.DB.batch(rows);
    await recountTallies(env.DB, id);
    await settle(`batch_id = '${id}'`, ago(0));
    const { minutes, complete_from } = await throughput(10);
    expect(complete_from > (minutes[0]?.at ?? "")).toBe(true);
    expect(complete_from <= (minutes.at(-1)?.at ?? "")).toBe(true);
  });

  it.each(["0", "361", "x", "-1", "1.5"])("a period of %s minutes is rejected", async (minutes) => {
    const answer = await send(fleet, "GET", `/v1/throughput?minutes=${minutes}`);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("from 1 to 360");
  });
});

describe("the failures of a batch", () => {
  it("failures are grouped, largest group first, each with an example", async () => {
    const id = await batch(6);
    const indexes = (from: number, to: number) =>
      `batch_id = '${id}' AND batch_index >= ${from} AND batch_index < ${to}`;
    await settle(indexes(0, 1), ago(0));
    await settle(indexes(1, 2), ago(0), "dead", "attempts_exhausted");
    await settle(indexes(2, 5), ago(0), "failed", "budget_steps");
    const answer = await send(fleet, "GET", `/v1/batches/${id}/failures`);
    const idPrefix = id.replace("batch_", "task_");
    expect(await answer.json()).toEqual({
      failures: [
        {
          status: "failed",
          reason: "budget_steps",
          code: "budget_steps",
          tasks: 3,
          example: `${idPrefix}-000004`,
          message: `no ${idPrefix}-000004`,
        },
        {
          status: "dead",
          reason: "attempts_exhausted",
          code: "attempts_exhausted",
          tasks: 1,
          example: `${idPrefix}-000001`,
          message: `no ${idPrefix}-000001`,
        },
      ],
    });
  });

  it("failures are empty if all tasks succeeded, and 404 for an unknown batch", async () => {
    const id = await batch(1);
    await settle(`batch_id = '${id}'`, ago(0));
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

describe("the list of policies", () => {
  const further = JSON.stringify({
    theirs: { rules: [{ host: "a.example" }], tenants: ["acme"] },
    broken: { rules: [{ host: "*" }] },
  });
  const localFleet = testFleet({ FLEET_POLICIES: further });

  it("the list of policies shows rules and names of secrets, and no policy of another tenant", async () => {
    const answer = await send(localFleet, "GET", "/v1/policies");
    const { policies } = await answer.json<{
      policies: { name: string; problem: string | null }[];
    }>();
    expect(policies.map(({ name }) => name)).toEqual(["broken", "default", "demo", "webhooks"]);
    expect(policies[0]?.problem).toContain("invalid");
    expect(policies[1]).toMatchObject({ rules: [], problem: null });
    expect(JSON.stringify(policies[2])).toContain("ORDERS_TOKEN");
  });
});
