import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { runDueTicks } from "../../../producer/schedules/tick.ts";
import { batchTaskRange, newBatchId } from "../../../shared/identity/ids.ts";
import {
  type ScheduleRow,
  startTick,
  takeDueSchedule,
} from "../../../shared/store/schedules/schedules.ts";
import { send, type TestFleet, testFleet } from "../client.ts";

interface Tick {
  at: string;
  outcome: string;
  batch_id: string | null;
  missed: number;
  error: { message: string; details: { line?: number; path: string; message: string }[] } | null;
}
interface View {
  id: string;
  name: string;
  enabled: boolean;
  next_ticks: string[];
  last_ticks: Tick[];
}

const template = {
  prompt: "Find the website of {{item.company}}.",
  custom_id: "{{item.company}}",
  input: "{{item}}",
  rehearsal: [{ text: "found" }],
};
const inline = (...companies: string[]) => ({ inline: companies.map((company) => ({ company })) });
const hourly = (overrides: Record<string, unknown> = {}) => ({
  name: "leads",
  cron: "0 * * * *",
  template,
  items: inline("Acme", "Initech"),
  ...overrides,
});

async function createSchedule(fleet: TestFleet, body: unknown = hourly()): Promise<View> {
  const response = await send(fleet, "POST", "/v1/schedules", body);
  expect(response.status).toBe(201);
  return response.json<View>();
}

const getSchedule = async (fleet: TestFleet, id: string): Promise<View> =>
  (await send(fleet, "GET", `/v1/schedules/${id}`)).json<View>();

/** Sets a schedule's cursor some minutes back, to the full minute. */
async function setCursor(id: string, minutes: number): Promise<number> {
  const tick = Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000;
  await env.DB.prepare("UPDATE schedules SET next_at = ?2, wake_at = ?2 WHERE id = ?1")
    .bind(id, tick)
    .run();
  return tick;
}

async function batchesOf(id: string): Promise<{ id: string; tick_at: number; total: number }[]> {
  const { results } = await env.DB.prepare(
    "SELECT id, tick_at, total FROM batches WHERE schedule_id = ?1 ORDER BY tick_at",
  )
    .bind(id)
    .all<{ id: string; tick_at: number; total: number }>();
  return results;
}

async function specsOf(batch: string | null | undefined): Promise<Record<string, unknown>[]> {
  const { from, to } = batchTaskRange(batch ?? "");
  const { results } = await env.DB.prepare("SELECT spec FROM tasks WHERE id >= ?1 AND id < ?2")
    .bind(from, to)
    .all<{ spec: string }>();
  return results.map(({ spec }) => JSON.parse(spec) as Record<string, unknown>);
}

beforeEach(async () => {
  for (const table of ["schedules", "ticks", "batches", "tasks"]) {
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  }
});

describe("a schedule", () => {
  it("a schedule is created, shown with its next five ticks, changed and deleted", async () => {
    const fleet = testFleet();
    const view = await createSchedule(
      fleet,
      hourly({ cron: "30 2 * * *", timezone: "Europe/Berlin" }),
    );
    expect(view).toMatchObject({
      overlap: "skip",
      catch_up: "once",
      enabled: true,
      last_ticks: [],
    });
    expect(view.next_ticks).toHaveLength(5);
    const list = await send(fleet, "GET", "/v1/schedules");
    expect((await list.json<{ schedules: View[] }>()).schedules.map(({ id }) => id)).toEqual([
      view.id,
    ]);
    const off = await send(fleet, "PATCH", `/v1/schedules/${view.id}`, { enabled: false });
    expect(await off.json<View>()).toMatchObject({ enabled: false, next_ticks: [] });
    const on = await send(fleet, "PATCH", `/v1/schedules/${view.id}`, {
      enabled: true,
      cron: "@daily",
    });
    expect((await on.json<View>()).next_ticks[0]).toMatch(/T(22|23):00/);
    expect((await send(fleet, "DELETE", `/v1/schedules/${view.id}`)).status).toBe(200);
    expect((await send(fleet, "GET", `/v1/schedules/${view.id}`)).status).toBe(404);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["cron", { cron: "* * * * * *" }, "cron"],
    ["time zone", { timezone: "Berlin" }, "timezone"],
    ["template", { template: { ...template, promt: "x" } }, "template.promt"],
    ["item", { items: { inline: [{ company: "a" }, {}] } }, "items.inline[1]"],
    ["upload's key", { items: { r2: "leads.xlsx" } }, "items.r2"],
    ["items", { items: { inline: [] } }, "items.inline"],
    ["field", { ovrlap: "skip" }, "ovrlap"],
  ])("a schedule with an invalid %s is rejected with the place", async (_name, overrides, path) => {
    const response = await send(testFleet(), "POST", "/v1/schedules", hourly(overrides));
    expect(response.status).toBe(422);
    const { error } = await response.json<{ error: { details: { path: string }[] } }>();
    expect(error.details.map((detail) => detail.path)).toContain(path);
  });

  it("a schedule with a name that is already used is rejected", async () => {
    const fleet = testFleet();
    await createSchedule(fleet);
    expect((await send(fleet, "POST", "/v1/schedules", hourly())).status).toBe(409);
  });
});

describe("a due tick", () => {
  it("a due tick makes one batch from its items and moves the cursor", async () => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet);
    const tick = await setCursor(id, 0);
    expect(await runDueTicks(fleet.env)).toBe(1);
    expect(await runDueTicks(fleet.env)).toBe(0);
    const [batch] = await batchesOf(id);
    expect(batch).toMatchObject({ tick_at: tick, total: 2 });
    expect(await specsOf(batch?.id)).toMatchObject([
      { prompt: "Find the website of Acme.", custom_id: "Acme", input: { company: "Acme" } },
      { prompt: "Find the website of Initech." },
    ]);
    expect(fleet.tasks.sent).toHaveLength(2);
    const { last_ticks, next_ticks } = await getSchedule(fleet, id);
    expect(last_ticks).toMatchObject([
      { at: new Date(tick).toISOString(), outcome: "submitted", batch_id: batch?.id, missed: 0 },
    ]);
    expect(Date.parse(next_ticks[0] ?? "")).toBeGreaterThan(Date.now());
  });

  it("concurrent crons make one batch", async () => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet);
    await setCursor(id, 0);
    await Promise.all([1, 2, 3].map(() => runDueTicks(fleet.env)));
    expect(await batchesOf(id)).toHaveLength(1);
    expect((await getSchedule(fleet, id)).last_ticks).toHaveLength(1);
  });

  it.each([
    ["before its batch", async () => {}],
    ["after its batch", async (fleet: TestFleet) => void (await runDueTicks(fleet.env))],
  ])("a tick whose worker crashed %s is continued to one batch", async (_name, before) => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet);
    const tick = await setCursor(id, 0);
    await before(fleet);
    // The state that the killed worker left: started, without an outcome, its lease expired.
    const schedule = (await takeDueSchedule(env.DB)) as ScheduleRow | null;
    if (schedule !== null)
      await startTick(env.DB, schedule, { tick, missed: 0, next: tick + 3_600_000 });
    await env.DB.batch([
      env.DB.prepare("DELETE FROM ticks"),
      env.DB.prepare("UPDATE schedules SET open_tick = ?1, open_tries = 1, wake_at = 0").bind(tick),
    ]);
    await Promise.all([runDueTicks(fleet.env), runDueTicks(fleet.env)]);
    expect(await batchesOf(id)).toMatchObject([{ tick_at: tick }]);
    expect((await getSchedule(fleet, id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
    expect(await runDueTicks(fleet.env)).toBe(0);
  });

  it("a tick that never gets an outcome fails visibly", async () => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet);
    const tick = await setCursor(id, 0);
    await env.DB.prepare(
      "UPDATE schedules SET open_tick = ?1, open_tries = 5, wake_at = 0, next_at = 9e12",
    )
      .bind(tick)
      .run();
    await runDueTicks(fleet.env);
    expect((await getSchedule(fleet, id)).last_ticks).toMatchObject([{ outcome: "failed" }]);
    expect(await batchesOf(id)).toEqual([]);
  });

  it("after two missed ticks, one runs with `catch_up: once`, and none with `catch_up: skip`", async () => {
    const fleet = testFleet();
    // Twice a day, at hours at least one and a half away from now, so that the latest tick is late.
    const hour = new Date(Date.now() - 2 * 3_600_000).getUTCHours() % 12;
    const cron = `0 ${hour},${hour + 12} * * *`;
    const once = await createSchedule(fleet, hourly({ name: "once", cron, catch_up: "once" }));
    const skip = await createSchedule(fleet, hourly({ name: "skip", cron, catch_up: "skip" }));
    const next = Date.parse(once.next_ticks[0] ?? "");
    await env.DB.prepare("UPDATE schedules SET next_at = ?1, wake_at = ?1")
      .bind(next - 36 * 3_600_000)
      .run();
    await runDueTicks(fleet.env);
    expect(await batchesOf(once.id)).toHaveLength(1);
    expect((await getSchedule(fleet, once.id)).last_ticks).toMatchObject([
      { outcome: "submitted", missed: 2 },
    ]);
    expect(await batchesOf(skip.id)).toEqual([]);
    expect((await getSchedule(fleet, skip.id)).last_ticks).toMatchObject([
      { outcome: "missed", missed: 2 },
    ]);
    expect((await getSchedule(fleet, skip.id)).next_ticks[0]).toBe(once.next_ticks[0]);
  });

  it.each([
    ["skip", 1, "overlapped"],
    ["allow", 2, "submitted"],
  ])(
    "a tick during an earlier batch, with overlap: %s, gives %i batches",
    async (overlap, batches, outcome) => {
      const fleet = testFleet();
      const { id } = await createSchedule(fleet, hourly({ overlap }));
      await setCursor(id, 3);
      await runDueTicks(fleet.env);
      await setCursor(id, 0);
      await runDueTicks(fleet.env);
      expect(await batchesOf(id)).toHaveLength(batches);
      expect((await getSchedule(fleet, id)).last_ticks[0]).toMatchObject({ outcome });
    },
  );

  it("a tick runs once the tasks of the earlier batch have ended, even if no one has read the batch", async () => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet);
    await setCursor(id, 3);
    await runDueTicks(fleet.env);
    await env.DB.prepare(
      "UPDATE tasks SET status = 'cancelled', reason = 'cancelled', sweep_at = NULL, finished_at = 1",
    ).run();
    await setCursor(id, 0);
    await runDueTicks(fleet.env);
    expect(await batchesOf(id)).toHaveLength(2);
  });
});

describe("the items of a tick", () => {
  const put = (key: string, text: string) => env.OBJECTS.put(`inputs/default/${key}`, text);
  async function runTick(items: unknown): Promise<Tick | undefined> {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet, hourly({ items }));
    await setCursor(id, 0);
    await runDueTicks(fleet.env);
    return (await getSchedule(fleet, id)).last_ticks[0];
  }

  it.each([
    ["lines", "leads.jsonl", '{"company": "Acme"}\n\n{"company": "Zoë & Söhne"}\n'],
    ["CSV", "leads.csv", '\ufeffcompany,city\r\nAcme,"Paris\nFrance"\r\n"Zoë & Söhne",\r\n'],
  ])("items come from an upload of %s", async (_name, r2, text) => {
    await put(r2, text);
    const tick = await runTick({ r2 });
    expect(tick).toMatchObject({ outcome: "submitted", error: null });
    const specs = await specsOf(tick?.batch_id);
    expect(specs.map((spec) => spec.custom_id)).toEqual(["Acme", "Zoë & Söhne"]);
  });

  it("a batch that the tenant does not have is rejected when the schedule is written", async () => {
    const fleet = testFleet();
    const source = await createSchedule(fleet, hourly({ name: "source" }));
    await send(fleet, "POST", `/v1/schedules/${source.id}/run`);
    const [batch] = await batchesOf(source.id);
    await env.DB.prepare("UPDATE batches SET tenant = 'other' WHERE id = ?1").bind(batch?.id).run();
    for (const id of [batch?.id, newBatchId()]) {
      const items = { batch: id };
      const template = { prompt: "Check {{item.output.site}}", rehearsal: [{ text: "ok" }] };
      const body = hourly({ name: "next", items, template });
      const created = await send(fleet, "POST", "/v1/schedules", body);
      const changed = await send(fleet, "PATCH", `/v1/schedules/${source.id}`, { items, template });
      for (const response of [created, changed]) {
        expect(response.status).toBe(422);
        expect(await response.text()).toContain("there is no batch with this id");
      }
    }
  });

  it("items come from the results of another batch", async () => {
    const fleet = testFleet();
    const source = await createSchedule(fleet, hourly({ name: "source" }));
    await send(fleet, "POST", `/v1/schedules/${source.id}/run`);
    await env.DB.prepare(
      `UPDATE tasks SET status = 'succeeded', reason = 'completed', sweep_at = NULL, finished_at = 1,
         result_key = 'k', output = json_object('site', custom_id || '.example')`,
    ).run();
    const [batch] = await batchesOf(source.id);
    const body = hourly({
      name: "next",
      template: { prompt: "Check {{item.output.site}}", rehearsal: [{ text: "ok" }] },
      items: { batch: batch?.id },
    });
    const { id } = await createSchedule(fleet, body);
    const run = await send(fleet, "POST", `/v1/schedules/${id}/run`);
    expect(run.status).toBe(202);
    const specs = await specsOf((await run.json<{ id: string }>()).id);
    expect(specs.map((spec) => spec.prompt)).toEqual([
      "Check Acme.example",
      "Check Initech.example",
    ]);
  });

  it.each<[string, string, string, RegExp]>([
    [
      "a missing field, with its line",
      "a.jsonl",
      '{"company": "A"}\n{"name": "B"}\n',
      /company}} is not in this item/,
    ],
    ["a line that is not JSON", "b.jsonl", '{"company": "A"}\nhello\n', /invalid JSON/],
    ["an invalid CSV", "c.csv", 'company\nA\n"B\n', /invalid CSV/],
    ["two items with the same custom_id", "d.csv", "company\nA\nA\n", /already used on line/],
  ])(
    "items with %s make no tasks, and the tick has the reason",
    async (_name, r2, text, message) => {
      await put(r2, text);
      const tick = await runTick({ r2 });
      expect(tick).toMatchObject({ outcome: "refused", batch_id: null });
      expect(JSON.stringify(tick?.error?.details)).toMatch(message);
      expect(tick?.error?.details.some((detail) => (detail.line ?? 0) >= 2)).toBe(true);
    },
  );

  it("a tick with a missing upload has the reason", async () => {
    expect(await runTick({ r2: "unknown.csv" })).toMatchObject({
      outcome: "refused",
      error: { message: expect.stringContaining("PUT /v1/inputs/unknown.csv") },
    });
  });
});

describe("a manual run", () => {
  it("a manual run submits at once, even if the schedule is disabled, and once per idempotency key", async () => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet, hourly({ enabled: false }));
    const path = `/v1/schedules/${id}/run`;
    const first = await send(fleet, "POST", path, undefined, { "idempotency-key": "now" });
    expect(first.status).toBe(202);
    const batch = await first.json<{ id: string; schedule_id: string }>();
    expect(batch).toMatchObject({ schedule_id: id, counts: { total: 2 } });
    const second = await send(fleet, "POST", path, undefined, { "idempotency-key": "now" });
    expect(second.status).toBe(200);
    expect((await second.json<{ id: string }>()).id).toBe(batch.id);
    expect(await batchesOf(id)).toHaveLength(1);
  });

  it("a manual run with invalid items is rejected", async () => {
    const fleet = testFleet();
    const { id } = await createSchedule(fleet, hourly({ items: { r2: "missing.csv" } }));
    const response = await send(fleet, "POST", `/v1/schedules/${id}/run`);
    expect(response.status).toBe(422);
    expect((await getSchedule(fleet, id)).last_ticks).toEqual([]);
  });
});
