/** What a tenant sees of its models' limits and their use, through both Workers. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ModelLimitResponse } from "../../../producer/api/catalog/responses.ts";
import { send, testFleet } from "../../producer/client.ts";
import { acceptTask } from "../harness.ts";
import {
  consumerDown,
  consumerReplying,
  consumerWith,
  consumerWithoutMethods,
} from "./consumer_stub.ts";

/** Each test has its own endpoint, and so a governor that was never asked before. */
let base = "";

const consumer = (bindings: Record<string, unknown> = {}) =>
  consumerWith({ MODEL_BASE_URL: base, MODEL_RPM: "30", ...bindings });

const governor = () => env.GOVERNOR.get(env.GOVERNOR.idFromName(`endpoint ${base}`));

async function readModels(CONSUMER = consumer()): Promise<Map<string, ModelLimitResponse>> {
  const fleet = testFleet({ CONSUMER, FALLBACK_MODELS: "spare-model" });
  const answer = await send(fleet, "GET", "/v1/models");
  expect(answer.status).toBe(200);
  const { models } = await answer.json<{ models: ModelLimitResponse[] }>();
  return new Map(models.map((limit) => [limit.model, limit]));
}

beforeEach(async () => {
  base = `https://${crypto.randomUUID()}.example/v1`;
  await env.DB.prepare("DELETE FROM tasks").run();
});

describe("GET /v1/models", () => {
  it("lists the default models and the models of the tenant's tasks, and no other tenant's", async () => {
    await acceptTask({ prompt: "p", model: "own-model" });
    await acceptTask({ prompt: "p", model: "their-model" }, { tenant: "other" });
    expect([...(await readModels()).keys()]).toEqual(["rehearsal", "spare-model", "own-model"]);
  });

  it("shows a limit that models share and its use by all tenants, without their tasks", async () => {
    await acceptTask({ prompt: "p", model: "own-model" });
    const request = { task: "task_of_another_tenant", requestsPerMinute: 30 };
    await governor().grant(request);
    const models = await readModels();
    expect(models.get("own-model")).toEqual({
      model: "own-model",
      state: "serving",
      closed_until: null,
      outage: null,
      shared: true,
      requests_per_minute: 30,
      allowed_per_minute: 29.4,
      calls_last_minute: 1,
      calls_ahead: 0,
      in_progress: 1,
      in_progress_max: 8,
      waiting: 0,
    });
    expect(models.get("spare-model")).toEqual({ ...models.get("own-model"), model: "spare-model" });
    expect(JSON.stringify([...models])).not.toContain("task_of_another_tenant");
  });

  it("shows a model without a limit as unlimited, and asks no governor for it", async () => {
    const GOVERNOR = null;
    expect(
      (await readModels(consumer({ MODEL_RPM: undefined, GOVERNOR }))).get("rehearsal"),
    ).toEqual({
      model: "rehearsal",
      state: "unlimited",
      closed_until: null,
      outage: null,
      shared: false,
      requests_per_minute: null,
      allowed_per_minute: null,
      calls_last_minute: null,
      calls_ahead: null,
      in_progress: null,
      in_progress_max: null,
      waiting: null,
    });
  });

  it("shows until when a model is closed", async () => {
    const refused = { kind: "refused", at: Date.now(), retryAfterMs: 3_600_000 } as const;
    await governor().receive([{ kind: "outcome", task: "t", observation: refused }]);
    const { state, closed_until } = (await readModels()).get("spare-model") as ModelLimitResponse;
    expect(state).toBe("back_off");
    expect(Date.parse(closed_until ?? "") - Date.now()).toBeGreaterThan(3_000_000);
  });

  it("changes nothing in the governor", async () => {
    for (let n = 0; n < 20; n++) await readModels();
    const { inProgress, waiting, callsLastMinute, callsAhead } = await governor().snapshot(30);
    expect({ inProgress, waiting, callsLastMinute, callsAhead }).toEqual({
      inProgress: 0,
      waiting: 0,
      callsLastMinute: 0,
      callsAhead: 0,
    });
  });

  it("still shows the other models while one governor does not answer", async () => {
    const GOVERNOR = {
      idFromName: (name: string) => name,
      get: () => ({ snapshot: () => Promise.reject(new Error("down")) }),
    };
    const models = await readModels(consumer({ GOVERNOR }));
    expect(models.get("spare-model")).toMatchObject({ state: "unknown", requests_per_minute: 30 });
    expect(models.get("rehearsal")?.state).toBe("unlimited");
  });

  it("is 503 while the consumer does not answer", async () => {
    const answer = await send(testFleet({ CONSUMER: consumerDown }), "GET", "/v1/models");
    expect(answer.status).toBe(503);
  });

  it.each([
    ["no list", consumerReplying({ status: "ok" })],
    ["a list without snapshots", consumerReplying([{ model: "rehearsal" }])],
    ["a list of null", consumerReplying([null])],
    ["a rejection", consumerReplying(null)],
    ["that it has no such method", consumerWithoutMethods],
  ])("is 503 while the consumer answers %s, as one of another version may", async (_, CONSUMER) => {
    const answer = await send(testFleet({ CONSUMER }), "GET", "/v1/models");
    expect(answer.status).toBe(503);
  });
});
