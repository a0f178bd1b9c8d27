import { expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const unlimited = {
  model: "rehearsal",
  state: "unlimited",
  closed_until: null,
  shared: false,
  requests_per_minute: null,
  allowed_per_minute: null,
  calls_last_minute: null,
  calls_ahead: null,
  in_progress: null,
  in_progress_max: null,
  waiting: null,
};
const serving = {
  model: "@cf/a",
  state: "serving",
  closed_until: null,
  shared: false,
  requests_per_minute: 300,
  allowed_per_minute: 294,
  calls_last_minute: 281,
  calls_ahead: 30,
  in_progress: 83,
  in_progress_max: 83,
  waiting: 1_200,
};
const closed = {
  ...serving,
  model: "own",
  state: "breaker",
  closed_until: "2026-11-25T10:00:00.000Z",
  shared: true,
};
const script = {
  "GET /healthz": { body: { status: "ok" } },
  "GET /v1/stats": { body: { counts: {}, backlog: 0, oldest_queued_at: null } },
  "GET /v1/tools": { body: { tools: [], mcp: [], skills: [], faults: [] } },
};
const withModels = (models: unknown[]) => ({ ...script, "GET /v1/models": { body: { models } } });

test("models lists each model with its limit and its usage", async () => {
  const { url } = await fakeFleet(withModels([unlimited, serving, closed]));
  const result = await fleet(["models", "--url", url]);
  expect(result.code).toBe(0);
  expect(result.out).toMatch(/rehearsal +none +ok/);
  expect(result.out).toMatch(/@cf\/a +300 a minute +281 +83 of 83 +1,200 +ok/);
  expect(result.out).toMatch(/own +300 a minute, shared .* closed until 2026-11-25T10:00:00\.000Z/);
});

test("models --json prints the response of the API", async () => {
  const { url } = await fakeFleet(withModels([serving]));
  const result = await fleet(["models", "--json", "--url", url]);
  expect(JSON.parse(result.out)).toEqual({ models: [serving] });
});

test("doctor reports only models that are closed", async () => {
  const open = await fakeFleet(withModels([unlimited, serving]));
  expect((await fleet(["doctor", "--url", open.url])).code).toBe(0);
  const shut = await fakeFleet(withModels([serving, closed]));
  const result = await fleet(["doctor", "--url", shut.url]);
  expect(result.code).toBe(1);
  expect(result.out).toMatch(/model +failed +own: closed until 2026-11-25T10:00:00\.000Z/);
});
