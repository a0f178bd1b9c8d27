/** What a tenant is told of its models' limits and their use, over both Workers. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import consumer from "../../../consumer/index.ts";
import type { ModelPaceAnswer } from "../../../producer/api/fleet_responses.ts";
import { send, testFleet } from "../../producer/client.ts";
import { accept } from "../harness.ts";

/** Each test has an endpoint of its own, and with it a governor that nobody asked before. */
let base = "";

/** The consumer behind a service binding. */
const bound = (more: Record<string, unknown> = {}): Fetcher =>
  ({
    fetch: async (url: string, init: RequestInit) =>
      consumer.fetch(new Request<unknown, IncomingRequestCfProperties>(url, init as never), {
        ...env,
        MODEL_BASE_URL: base,
        MODEL_RPM: "30",
        ...more,
      }),
  }) as unknown as Fetcher;

const governor = () => env.GOVERNOR.get(env.GOVERNOR.idFromName(`endpoint ${base}`));

async function told(consumerOn = bound()): Promise<Map<string, ModelPaceAnswer>> {
  const fleet = testFleet({ CONSUMER: consumerOn, FALLBACK_MODELS: "spare-model" });
  const answer = await send(fleet, "GET", "/v1/models");
  expect(answer.status).toBe(200);
  const { models } = await answer.json<{ models: ModelPaceAnswer[] }>();
  return new Map(models.map((one) => [one.model, one]));
}

beforeEach(async () => {
  base = `https://${crypto.randomUUID()}.example/v1`;
  await env.DB.prepare("DELETE FROM tasks").run();
});

describe("GET /v1/models", () => {
  it("lists the default models and those that the tenant's tasks name, and no other's", async () => {
    await accept({ prompt: "p", model: "own-model" });
    await accept({ prompt: "p", model: "their-model" }, { tenant: "other" });
    expect([...(await told()).keys()]).toEqual(["rehearsal", "spare-model", "own-model"]);
  });

  it("tells a limit that models share and what all tenants use of it, without their tasks", async () => {
    await accept({ prompt: "p", model: "own-model" });
    const asked = { task: "task_of_another_tenant", requestsPerMinute: 30 };
    await governor().permit(asked);
    const models = await told();
    expect(models.get("own-model")).toEqual({
      model: "own-model",
      state: "serving",
      closed_until: null,
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

  it("says that nothing limits a model, and asks no governor for it", async () => {
    const GOVERNOR = null;
    expect((await told(bound({ MODEL_RPM: undefined, GOVERNOR }))).get("rehearsal")).toEqual({
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
    });
  });

  it("says until when a model is closed", async () => {
    await governor().heard("t", { kind: "refused", at: Date.now(), retryAfterMs: 3_600_000 });
    const { state, closed_until } = (await told()).get("spare-model") as ModelPaceAnswer;
    expect(state).toBe("back_off");
    expect(Date.parse(closed_until ?? "") - Date.now()).toBeGreaterThan(3_000_000);
  });

  it("changes nothing by looking", async () => {
    for (let n = 0; n < 20; n++) await told();
    const { inProgress, waiting, callsLastMinute, callsAhead } = await governor().look(30);
    expect({ inProgress, waiting, callsLastMinute, callsAhead }).toEqual({
      inProgress: 0,
      waiting: 0,
      callsLastMinute: 0,
      callsAhead: 0,
    });
  });

  it("still tells the others while one governor does not answer", async () => {
    const GOVERNOR = {
      idFromName: (name: string) => name,
      get: () => ({ look: () => Promise.reject(new Error("down")) }),
    };
    const models = await told(bound({ GOVERNOR }));
    expect(models.get("spare-model")).toMatchObject({ state: "unknown", requests_per_minute: 30 });
    expect(models.get("rehearsal")?.state).toBe("unlimited");
  });

  it("is 503 while the consumer does not answer", async () => {
    const down = { fetch: () => Promise.reject(new Error("down")) } as unknown as Fetcher;
    const answer = await send(testFleet({ CONSUMER: down }), "GET", "/v1/models");
    expect(answer.status).toBe(503);
  });

  it.each([
    ["no list", { status: "ok" }],
    ["a list without looks", [{ model: "rehearsal" }]],
    ["a list of nothing", [null]],
  ])("is 503 while the consumer answers %s, as one of another version may", async (_what, said) => {
    const earlier = { fetch: async () => Response.json(said) } as unknown as Fetcher;
    const answer = await send(testFleet({ CONSUMER: earlier }), "GET", "/v1/models");
    expect(answer.status).toBe(503);
  });
});
