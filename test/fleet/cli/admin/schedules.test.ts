import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const schedule = (overrides: Record<string, unknown> = {}) => ({
  id: "sched_1",
  name: "leads",
  cron: "30 2 * * *",
  timezone: "Europe/Berlin",
  template: { prompt: "p" },
  items: { r2: "leads.csv" },
  overlap: "skip",
  catch_up: "once",
  enabled: true,
  next_ticks: ["2026-11-26T01:30:00.000Z", "2026-11-27T01:30:00.000Z"],
  last_ticks: [
    {
      at: "2026-11-25T01:30:00.000Z",
      outcome: "refused",
      batch_id: null,
      missed: 2,
      error: { message: "no such input" },
    },
  ],
  ...overrides,
});
const list = (...schedules: unknown[]) => ({ body: { schedules, next_cursor: null } });

describe("`fleet schedules`", () => {
  test("lists schedules with their next tick", async () => {
    const { url } = await fakeFleet({ "GET /v1/schedules": list(schedule()) });
    const { code, out } = await fleet(["schedules", "--url", url]);
    expect(code).toBe(0);
    expect(out).toContain("30 2 * * * Europe/Berlin");
    expect(out).toContain("2026-11-26T01:30:00.000Z");
  });

  test("shows a schedule by its name, with the outcome of its last ticks", async () => {
    const { url } = await fakeFleet({
      "GET /v1/schedules": list(schedule({ id: "sched_2", name: "other" }), schedule()),
      "GET /v1/schedules/sched_1": { body: schedule() },
    });
    const { code, out } = await fleet(["schedules", "get", "leads", "--url", url]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /last\s+2026-11-25T01:30:00.000Z {2}refused {2}2 missed before it {2}no such/,
    );
  });

  test("creates a schedule from standard input, and prints what is wrong with it", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/schedules": [
        { status: 201, body: schedule() },
        {
          status: 422,
          body: { error: { code: "refused", message: "cron: write five fields", details: [] } },
        },
      ],
    });
    const stdin = JSON.stringify({ name: "leads" });
    expect(await fleet(["schedules", "create", "-", "--url", url], { stdin })).toMatchObject({
      code: 0,
    });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({ name: "leads" });
    const rejected = await fleet(["schedules", "create", "-", "--url", url], { stdin });
    expect(rejected).toMatchObject({ code: 2, err: expect.stringContaining("five fields") });
  });

  test.each([
    ["enable", { enabled: true }],
    ["disable", { enabled: false }],
  ])("changes one field with %s", async (command, body) => {
    const { url, received } = await fakeFleet({
      "GET /v1/schedules/sched_1": { body: schedule() },
      "PATCH /v1/schedules/sched_1": { body: schedule(body) },
    });
    expect(await fleet(["schedules", command, "sched_1", "--url", url])).toMatchObject({ code: 0 });
    expect(JSON.parse(received.at(-1)?.body ?? "")).toEqual(body);
  });

  test("runs a schedule now, and deletes it", async () => {
    const { url } = await fakeFleet({
      "GET /v1/schedules/sched_1": { body: schedule() },
      "POST /v1/schedules/sched_1/run": { status: 202, body: batchWith({ queued: 2 }, "running") },
      "DELETE /v1/schedules/sched_1": { body: { id: "sched_1", deleted: true } },
    });
    const result = await fleet(["schedules", "run", "sched_1", "--url", url]);
    expect(result).toMatchObject({ code: 0, out: expect.stringContaining("2 tasks accepted") });
    const deleted = await fleet(["schedules", "delete", "sched_1", "--json", "--url", url]);
    expect(JSON.parse(deleted.out)).toEqual({ id: "sched_1", deleted: true });
  });

  test("exits 5 for an unknown name, and says how to list them", async () => {
    const { url } = await fakeFleet({ "GET /v1/schedules": list() });
    const { code, err } = await fleet(["schedules", "run", "unknown", "--url", url]);
    expect(code).toBe(5);
    expect(err).toContain("list them with fleet schedules");
  });
});

test("`fleet batches` lists batches with their progress", async () => {
  const running = {
    ...batchWith({ queued: 1, succeeded: 3 }, "running"),
    eta: "2026-11-25T12:00:00.000Z",
  };
  const { url, received } = await fakeFleet({
    "GET /v1/batches": { body: { batches: [running], next_cursor: null } },
  });
  const { code, out } = await fleet(["batches", "--status", "running", "--url", url]);
  expect(code).toBe(0);
  expect(received[0]?.path).toContain("status=running");
  expect(out).toMatch(/running\s+4\s+3\s+3/);
});

describe("`fleet pause` and `fleet resume`", () => {
  test.each([
    [["pause", "batch_1"], "POST /v1/batches/batch_1/pause", "batch_1 is paused", batchWith({})],
    [
      ["resume", "--model", "@cf/x/m"],
      "POST /v1/models/%40cf%2Fx%2Fm/resume",
      "@cf/x/m is resumed",
      { paused: false, since: null, models: [] },
    ],
    [["pause", "--all"], "POST /v1/pause", "the fleet is paused", { paused: true, models: [] }],
  ])("%j calls its route and prints the new state", async (args, call, message, body) => {
    const { url } = await fakeFleet({ [call]: { status: 202, body } });
    const { code, out } = await fleet([...args, "--url", url]);
    expect(code).toBe(0);
    expect(out).toContain(message);
  });

  test.each([[["pause"]], [["pause", "batch_1", "--all"]], [["pause", "task_1"]]])(
    "%j is a usage error",
    async (args) => {
      expect((await fleet([...args, "--url", "http://127.0.0.1:1"])).code).toBe(2);
    },
  );
});

test("`fleet webhooks` lists dead webhooks and sends one again", async () => {
  const dead = {
    id: "hook_1",
    subject: "task_1",
    url: "https://h.example/",
    tries: 9,
    last_error: "HTTP 500",
  };
  const { url } = await fakeFleet({
    "GET /v1/webhooks/dead": { body: { webhooks: [dead], next_cursor: null } },
    "POST /v1/webhooks/hook_1/redeliver": { status: 202, body: dead },
  });
  expect((await fleet(["webhooks", "--url", url])).out).toContain("HTTP 500");
  expect(await fleet(["webhooks", "redeliver", "hook_1", "--url", url])).toMatchObject({ code: 0 });
});
