import { afterEach, expect, test, vi } from "vitest";
import type { DurableTask } from "../../../shared/task.ts";
import { bench, finish, runTask, stepsOf } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const answer = () =>
  Response.json({
    choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
    usage: { prompt_tokens: 4, completion_tokens: 1 },
  });
const down = () => new Response("no", { status: 503 });
const busy = () => new Response("later", { status: 429, headers: { "retry-after": "600" } });
const rejected = () => new Response("no", { status: 400 });

/** An endpoint that answers by the model asked for; who was asked is what it returns. */
function answering(replies: Record<string, () => Response>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    const { model } = JSON.parse(String(init.body)) as { model: string };
    asked.push(model);
    return replies[model]?.() ?? rejected();
  });
  return asked;
}

async function run(
  replies: Record<string, () => Response>,
  task: Partial<DurableTask> = {},
  more: Record<string, unknown> = {},
) {
  const asked = answering(replies);
  const on = bench({ MODEL_BASE_URL: "http://model.invalid/v1", ...more });
  const row = await runTask(
    { prompt: "p", model: "m1", fallback_models: ["m2", "m3"], attempts: 1, ...task },
    { bench: on, deliveriesMax: 1 },
  );
  return { row, asked };
}

test.each([
  ["is down", down],
  ["has no capacity for longer than a slice waits", busy],
])("when the model %s, the next of the list answers in the same slice", async (_what, first) => {
  const { row, asked } = await run({ m1: first, m2: answer });
  expect([row.status, row.attempt, asked]).toEqual(["succeeded", 0, ["m1", "m2"]]);
  expect(JSON.parse(row.quirks)).toContain("fallback_model");
  expect((await stepsOf(row.id)).map((step) => [step.name, step.status])).toEqual([
    ["m1", "failed"],
    ["m2", "done"],
  ]);
});

test("each model is tried at most once a slice, and the first one's failure decides", async () => {
  const { row, asked } = await run({ m1: busy, m2: down, m3: down });
  expect(asked).toEqual(["m1", "m2", "m3"]);
  expect([row.status, row.attempt]).toEqual(["queued", 0]);
});

test("a model that refuses the request is not passed by", async () => {
  const { row, asked } = await run({ m1: rejected, m2: answer });
  expect([row.status, row.reason, asked]).toEqual(["failed", "model_error", ["m1"]]);
});

test("a fallback that is no help leaves the task as its own model's failure leaves it", async () => {
  const { row, asked } = await run({ m1: busy, m2: rejected });
  expect([row.status, asked]).toEqual(["queued", ["m1", "m2", "m3"]]);
});

test("a fallback that could cost more than is left is not called", async () => {
  const { row, asked } = await run(
    { m1: busy, "@cf/dear/one": answer },
    { fallback_models: ["@cf/dear/one"], limits: { cost_usd: 0.000001 } },
  );
  expect([row.status, asked]).toEqual(["queued", ["m1"]]);
});

test("a fallback that nothing serves is left out", async () => {
  const AI = { run: async () => busy() };
  const { row, asked } = await run(
    {},
    { model: "@cf/own/one", fallback_models: ["m2"] },
    { MODEL_BASE_URL: undefined, AI },
  );
  expect([row.status, asked]).toEqual(["queued", []]);
});

const plain = { model: "m1", prompt: "p", attempts: 1 };

test.each([
  ["that lists none has the deployment's", plain, ["m1", "m9"]],
  ["that lists its own has those", { ...plain, fallback_models: ["m2"] }, ["m1", "m2"]],
  ["whose list is empty has none", { ...plain, fallback_models: [] }, ["m1"]],
])("a task %s", async (_what, task, expected) => {
  const asked = answering({ m1: down, m2: answer, m9: answer });
  const on = bench({ MODEL_BASE_URL: "http://model.invalid/v1", FALLBACK_MODELS: "m1, m9" });
  await runTask(task, { bench: on, deliveriesMax: 1 });
  expect(asked).toEqual(expected);
});

test("a rehearsal has no fallbacks of the deployment", async () => {
  const asked = answering({ m9: answer });
  const on = bench({ MODEL_BASE_URL: "http://model.invalid/v1", FALLBACK_MODELS: "m9" });
  const error = { error: { status: 503, code: "x", message: "down" } };
  const row = await runTask({ prompt: "p", rehearsal: [error, finish()] }, { bench: on });
  expect([row.status, row.attempt, asked]).toEqual(["succeeded", 1, []]);
});

test("each model of an endpoint asks its governor before its call", async () => {
  const permits: string[] = [];
  const governor = {
    idFromName: (name: string) => name,
    get: (name: string) => ({
      permit: async () => {
        permits.push(name);
        return { granted: true, at: 0 };
      },
      heard: async () => undefined,
    }),
  };
  const { asked } = await run(
    { m1: down, m2: answer },
    {},
    { MODEL_RPM: "60", GOVERNOR: governor },
  );
  expect([asked, permits.length]).toEqual([["m1", "m2"], 2]);
});

test("another model is sent the history without the first one's thought and ids", async () => {
  const bodies: string[] = [];
  const called = {
    role: "assistant",
    content: "",
    reasoning_content: "first-models-thought",
    tool_calls: [
      {
        id: "functions.list_files:0",
        type: "function",
        function: { name: "list_files", arguments: "{}" },
      },
    ],
  };
  const calling = { choices: [{ finish_reason: "tool_calls", message: called }] };
  const AI = {
    run: async (model: string, inputs: object) => {
      bodies.push(`${model} ${JSON.stringify(inputs)}`);
      if (model.endsWith("second")) return answer();
      return bodies.length === 1 ? Response.json(calling) : down();
    },
  };
  const on = bench({ AI });
  const models = { model: "@cf/x/first", fallback_models: ["@cf/zai-org/second"] };
  const row = await runTask({ prompt: "p", attempts: 1, ...models }, { bench: on });
  expect([row.status, bodies.length]).toEqual(["succeeded", 3]);
  expect(bodies[1]).toContain("list_files");
  const last = bodies[2] ?? "";
  expect(last).not.toContain("first-models-thought");
  expect(last).not.toContain("functions.list_files");
  expect(last).toContain('"tool_call_id":"call00000"');
});
