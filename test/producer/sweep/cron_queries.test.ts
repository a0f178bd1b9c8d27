/** One cron invocation may run 1,000 D1 statements; what does not fit waits for the next minute. */
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import producer from "../../../producer/index.ts";
import { batchLimits, sweepLimits } from "../../../shared/limits.ts";
import { countQueries } from "../../../shared/store/counted_database.ts";
import { lines, ndjson, send, task, testFleet } from "../client.ts";

const defaults = { lines: batchLimits.expandLinesPerChunkMax, queries: sweepLimits.queriesMax };

// Many small chunks instead of 50,000 lines.
function setLimits(linesPerChunk: number, queriesMax: number): void {
  Object.assign(batchLimits, { expandLinesPerChunkMax: linesPerChunk });
  Object.assign(sweepLimits, { queriesMax });
}

beforeEach(async () => {
  await env.DB.batch([env.DB.prepare("DELETE FROM batches"), env.DB.prepare("DELETE FROM tasks")]);
});
afterEach(() => setLimits(defaults.lines, defaults.queries));

it("the cron stops expanding a batch at its limit of queries, and continues in the next minute", async () => {
  const fleet = testFleet();
  const total = 60;
  const body = lines(Array.from({ length: total }, () => task()));
  const { id } = await (await send(fleet, "POST", "/v1/batches", body, ndjson)).json<{
    id: string;
  }>();
  await env.DB.prepare("DELETE FROM tasks").run();
  await env.DB.prepare("UPDATE batches SET expanded = 0, cursor_byte = 0").run();
  setLimits(2, 60);
  const expanded: number[] = [];
  for (let minute = 0; minute < 10 && expanded.at(-1) !== total; minute++) {
    await env.DB.prepare("UPDATE batches SET sweep_at = 0 WHERE expanded < total").run();
    const { db, queries } = countQueries(env.DB);
    await producer.scheduled(createScheduledController(), { ...fleet.env, DB: db });
    expect(queries()).toBeLessThan(120);
    const row = await env.DB.prepare("SELECT expanded FROM batches WHERE id = ?1").bind(id).first();
    expanded.push(Number(row?.expanded));
  }
  expect(expanded[0]).toBeLessThan(total);
  expect(expanded.at(-1)).toBe(total);
});

it("an idle minute runs few queries", async () => {
  const { db, queries } = countQueries(env.DB);
  await producer.scheduled(createScheduledController(), { ...testFleet().env, DB: db });
  expect(queries()).toBeLessThan(100);
});
