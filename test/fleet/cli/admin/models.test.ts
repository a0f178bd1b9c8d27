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
const fine = {
  model: "own",
  findings: [{ check: "model", ok: true, message: "own called a tool after 0.4 s" }],
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

test("`fleet models --json` prints the response of the API", async () => {
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

test("doctor tries the model and prints what was found", async () => {
  const open = withModels([serving]);
  const works = await fakeFleet({ ...open, "POST /v1/models/try": { body: fine } });
  const result = await fleet(["doctor", "--model", "own", "--url", works.url]);
  expect(result.code).toBe(0);
  expect(result.out).toMatch(/model +ok +own called a tool after 0\.4 s/);
  const tried = works.received.find(({ path }) => path === "/v1/models/try");
  expect(JSON.parse(tried?.body ?? "")).toEqual({ model: "own" });
});

test("doctor fails and says what to set where the model cannot be used", async () => {
  const message = "nothing answers at http://127.0.0.1:9/v1: set MODEL_BASE_URL";
  const body = { model: "own", findings: [{ check: "endpoint", ok: false, message }] };
  const script = { ...withModels([serving]), "POST /v1/models/try": { body } };
  const { url } = await fakeFleet(script);
  const result = await fleet(["doctor", "--url", url]);
  expect(result.code).toBe(1);
  expect(result.out).toMatch(/endpoint +failed +nothing answers at .* set MODEL_BASE_URL/);
});

test("doctor does without the try where the key may not submit", async () => {
  const error = { code: "forbidden", message: "the key needs the scope submit" };
  const script = {
    ...withModels([serving]),
    "POST /v1/models/try": { status: 403, body: { error } },
  };
  const { url } = await fakeFleet(script);
  expect((await fleet(["doctor", "--url", url])).code).toBe(0);
});
