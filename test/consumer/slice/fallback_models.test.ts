import { afterEach, expect, test, vi } from "vitest";
import { closedBreaker } from "../../../consumer/governor/breaker.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import {
  finalAnswer,
  permissiveGovernor,
  readSteps,
  runTask,
  testConsumer,
  uniqueEndpoint,
} from "../harness.ts";

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

/** Stubs an endpoint with a reply for each model. Returns the models in the order of the calls. */
function stubEndpoint(replies: Record<string, () => Response>): string[] {
  const calledModels: string[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    const { model } = JSON.parse(String(init.body)) as { model: string };
    calledModels.push(model);
    return replies[model]?.() ?? rejected();
  });
  return calledModels;
}

async function run(
  replies: Record<string, () => Response>,
  task: Partial<DurableTask> = {},
  overrides: Record<string, unknown> = {},
) {
  const calledModels = stubEndpoint(replies);
  const on = testConsumer({ MODEL_BASE_URL: uniqueEndpoint(), ...overrides });
  const row = await runTask(
    { prompt: "p", model: "m1", fallback_models: ["m2", "m3"], attempts: 1, ...task },
    { consumer: on, deliveriesMax: 1 },
  );
  return { row, called: calledModels };
}

test.each([
  ["is down", down],
  ["has no capacity for longer than a slice waits", busy],
])(
  "when the model %s, the next model of the list answers in the same slice",
  async (_case, first) => {
    const { row, called } = await run({ m1: first, m2: answer });
    expect([row.status, row.attempt, called]).toEqual(["succeeded", 0, ["m1", "m2"]]);
    expect(JSON.parse(row.quirks)).toContain("fallback_model");
    expect((await readSteps(row.id)).map((step) => [step.name, step.status])).toEqual([
      ["m1", "failed"],
      ["m2", "done"],
    ]);
  },
);

test("each model is called at most once a slice, and the failure of the first one decides", async () => {
  const { row, called } = await run({ m1: busy, m2: down, m3: down });
  expect(called).toEqual(["m1", "m2", "m3"]);
  expect([row.status, row.attempt]).toEqual(["queued", 0]);
});

test("a model that rejects the request is not replaced by a fallback", async () => {
  const { row, called } = await run({ m1: rejected, m2: answer });
  expect([row.status, row.reason, called]).toEqual(["failed", "model_error", ["m1"]]);
});

test("a fallback that fails leaves the outcome to the task's own model", async () => {
  const { row, called } = await run({ m1: busy, m2: rejected });
  expect([row.status, called]).toEqual(["queued", ["m1", "m2", "m3"]]);
});

test("a fallback that could exceed the budget is not called", async () => {
  const { row, called } = await run(
    { m1: busy, "@cf/dear/one": answer },
    { fallback_models: ["@cf/dear/one"], limits: { cost_usd: 0.000001 } },
  );
  expect([row.status, called]).toEqual(["queued", ["m1"]]);
});

test("a fallback without an endpoint is left out", async () => {
  const AI = { run: async () => busy() };
  const { row, called } = await run(
    {},
    { model: "@cf/own/one", fallback_models: ["m2"] },
    { MODEL_BASE_URL: undefined, AI },
  );
  expect([row.status, called]).toEqual(["queued", []]);
});

const plainTask = { model: "m1", prompt: "p", attempts: 1 };

test.each([
  ["without a list has the deployment's fallbacks", plainTask, ["m1", "m9"]],
  ["with a list has its own fallbacks", { ...plainTask, fallback_models: ["m2"] }, ["m1", "m2"]],
  ["with an empty list has no fallbacks", { ...plainTask, fallback_models: [] }, ["m1"]],
])("a task %s", async (_case, task, expected) => {
  const calledModels = stubEndpoint({ m1: down, m2: answer, m9: answer });
  const on = testConsumer({ MODEL_BASE_URL: uniqueEndpoint(), FALLBACK_MODELS: "m1, m9" });
  await runTask(task, { consumer: on, deliveriesMax: 1 });
  // Without a fallback the slice waits a moment and calls the model again.
  expect([...new Set(calledModels)]).toEqual(expected);
});

test("a rehearsal does not use the deployment's fallbacks", async () => {
  const calledModels = stubEndpoint({ m9: answer });
  const on = testConsumer({ MODEL_BASE_URL: uniqueEndpoint(), FALLBACK_MODELS: "m9" });
  const error = { error: { status: 503, code: "x", message: "down" } };
  const row = await runTask({ prompt: "p", rehearsal: [error, finalAnswer()] }, { consumer: on });
  expect([row.status, row.attempt, calledModels]).toEqual(["succeeded", 1, []]);
});

test("each model of an endpoint waits for its governor's permit before its call", async () => {
  let permits = 0;
  const grant = async () => {
    permits += 1;
    const permit = { granted: true, at: 0, isNew: true, isProbe: false };
    return { permit, breaker: closedBreaker };
  };
  const governor = permissiveGovernor({ grant });
  const { called } = await run(
    { m1: down, m2: answer },
    {},
    { MODEL_RPM: "60", GOVERNOR: governor },
  );
  expect([called, permits]).toEqual([["m1", "m2"], 2]);
});

test("a fallback gets the history without the first model's reasoning and call ids", async () => {
  const bodies: string[] = [];
  const message = {
    role: "assistant",
    content: "",
    reasoning_content: "first-models-reasoning",
    tool_calls: [
      {
        id: "functions.list_files:0",
        type: "function",
        function: { name: "list_files", arguments: "{}" },
      },
    ],
  };
  const calling = { choices: [{ finish_reason: "tool_calls", message }] };
  const AI = {
    run: async (model: string, inputs: object) => {
      bodies.push(`${model} ${JSON.stringify(inputs)}`);
      if (model.endsWith("second")) return answer();
      return bodies.length === 1 ? Response.json(calling) : down();
    },
  };
  const on = testConsumer({ AI });
  const models = { model: "@cf/x/first", fallback_models: ["@cf/zai-org/second"] };
  const row = await runTask({ prompt: "p", attempts: 1, ...models }, { consumer: on });
  expect([row.status, bodies.length]).toEqual(["succeeded", 3]);
  expect(bodies[1]).toContain("list_files");
  const last = bodies[2] ?? "";
  expect(last).not.toContain("first-models-reasoning");
  expect(last).not.toContain("functions.list_files");
  expect(last).toContain('"tool_call_id":"call00000"');
});
