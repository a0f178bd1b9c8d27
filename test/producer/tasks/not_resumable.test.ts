import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Detail } from "../../../producer/http/problem.ts";
import { taskLimits } from "../../../shared/limits.ts";
import { readRow } from "../../consumer/harness.ts";
import { type ErrorBody, send, type TestFleet, task, testFleet } from "../client.ts";

interface End {
  reason: string;
  usage?: object;
  error?: object;
  limits?: object;
  history?: unknown[];
}

/** A failed task with a journal. */
async function failedTask(fleet: TestFleet, end: End): Promise<string> {
  const { limits = {} } = end;
  const response = await send(fleet, "POST", "/v1/tasks", task({ limits }));
  const { id } = await response.json<{ id: string }>();
  await env.DB.prepare(
    `UPDATE tasks SET status = 'failed', reason = ?2, sweep_at = NULL, fence = 2, finished_at = 1000,
       usage = ?3, error = ?4, history = ?5, transcript = '{"workspace":{}}' WHERE id = ?1`,
  )
    .bind(
      id,
      end.reason,
      JSON.stringify(end.usage ?? {}),
      JSON.stringify(end.error ?? { code: end.reason, message: "m" }),
      JSON.stringify(end.history ?? []),
    )
    .run();
  return id;
}

const resume = (fleet: TestFleet, id: string, overrides: object = {}) =>
  send(fleet, "POST", `/v1/tasks/${id}/redrive`, { mode: "resume", overrides });

describe("a task that has used up a budget", () => {
  it.each<[string, End, string[], object]>([
    [
      "steps",
      { reason: "budget_steps", usage: { steps: 4 }, limits: { steps: 4 } },
      ["steps"],
      { steps: 5 },
    ],
    [
      "the default of model calls",
      { reason: "budget_model_calls", usage: { model_calls: 30 } },
      ["model_calls"],
      { model_calls: 31 },
    ],
    [
      "tokens with no room for another call",
      {
        reason: "budget_tokens",
        usage: { prompt_tokens: 800, completion_tokens: 90 },
        limits: { tokens: 900 },
      },
      ["tokens"],
      { tokens: 90_000 },
    ],
    [
      "dollars",
      { reason: "budget_cost", usage: { cost_usd: 0.5 }, limits: { cost_usd: 0.5 } },
      ["cost_usd"],
      { cost_usd: 0.6 },
    ],
    [
      "seconds",
      { reason: "budget_seconds", usage: { seconds: 10.2 }, limits: { seconds: 10 } },
      ["seconds"],
      { seconds: 20 },
    ],
    [
      "egress, where either limit may be the cause",
      { reason: "budget_egress", usage: { egress_requests: 2 }, limits: { egress_requests: 9 } },
      ["egress_requests", "egress_bytes"],
      { egress_bytes: 20_000_000 },
    ],
    [
      "steps, in a cancelled task",
      { reason: "cancelled", usage: { steps: 30 } },
      ["steps"],
      { steps: 31 },
    ],
  ])(
    "a task that has used up its %s can only be resumed with a larger one",
    async (_case, end, names, larger) => {
      const fleet = testFleet();
      const id = await failedTask(fleet, end);
      for (const overrides of [{}, { limits: end.limits ?? {} }]) {
        const response = await resume(fleet, id, overrides);
        expect(response.status).toBe(422);
        const { error } = await response.json<ErrorBody>();
        const paths = names.map((name) => `overrides.limits.${name}`);
        expect(error.details?.map((detail: Detail) => detail.path)).toEqual(paths);
        expect(error.message).toContain("write a larger limit");
      }
      expect((await resume(fleet, id, { limits: larger })).status).toBe(202);
      const row = await readRow(id);
      expect(JSON.parse(row.usage)).toEqual(end.usage);
    },
  );

  it("more egress bytes do not help when the egress requests are used up", async () => {
    const fleet = testFleet();
    const usage = { egress_requests: 100 };
    const id = await failedTask(fleet, { reason: "budget_egress", usage });
    const response = await resume(fleet, id, { limits: { egress_bytes: 20_000_000 } });
    const { error } = await response.json<ErrorBody>();
    expect(error.details).toMatchObject([{ path: "overrides.limits.egress_requests" }]);
  });
});

it("a task that ended by the limits of its batch cannot be resumed", async () => {
  const fleet = testFleet();
  const error = { code: "batch_ceiling", message: "m" };
  const id = await failedTask(fleet, { reason: "budget_tokens", error });
  const response = await resume(fleet, id, { limits: { tokens: 9_000_000 } });
  expect(response.status).toBe(409);
  expect(await response.text()).toContain("another batch");
});

it.each<[string, object]>([
  [
    "uncertain_effect",
    {
      code: "effect_uncertain",
      message: "m",
      uncertain: { step: 4, tool: "fetch_url", began_at: "2026" },
    },
  ],
  ["uncertain_effect", { code: "effect_uncertain", message: "m", last_step: "4 fetch_url" }],
  [
    "cancelled",
    {
      code: "cancelled",
      message: "m",
      uncertain: { step: 4, tool: "fetch_url", began_at: "2026" },
    },
  ],
])(
  "an effect with an unknown outcome (%s) is run again only with `on_uncertain: retry`",
  async (reason, error) => {
    const fleet = testFleet();
    const id = await failedTask(fleet, { reason, error });
    for (const overrides of [{}, { on_uncertain: "fail" }]) {
      const response = await resume(fleet, id, overrides);
      expect(response.status).toBe(422);
      const refusal = await response.json<ErrorBody>();
      expect(refusal.error.details?.[0]?.path).toBe("overrides.on_uncertain");
      expect(refusal.error.message).toMatch(/step 4.*fetch_url.*"retry".*"restart"/);
    }
    expect((await resume(fleet, id, { on_uncertain: "retry" })).status).toBe(202);
    expect(JSON.parse((await readRow(id)).spec ?? "")).toMatchObject({ on_uncertain: "retry" });
  },
);

it.each([
  [taskLimits.redrivesMax - 1, 202],
  [taskLimits.redrivesMax, 409],
])(
  "a redrive of a task that was redriven %i times is answered with %i",
  async (redrives, status) => {
    const fleet = testFleet();
    const run = { status: "failed", reason: "model_error", model: "rehearsal", usage: {} };
    const rest = { finished_at: 1_000, error: null, errors: [], resumed_from: null };
    const history = Array.from({ length: redrives }, (_, fence) => ({ fence, ...run, ...rest }));
    const id = await failedTask(fleet, { reason: "model_error", history });
    const response = await resume(fleet, id);
    expect(response.status).toBe(status);
    if (status === 409) expect(await response.text()).toContain("submit it as a new task");
  },
);
