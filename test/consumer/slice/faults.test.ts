import { afterEach, expect, test, vi } from "vitest";
import { openLoader } from "../../sandbox/loader.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  permissiveGovernor,
  readRow,
  readSteps,
  runTask,
  testConsumer,
  toolCall,
  uniqueEndpoint,
} from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ["is reset", () => Promise.reject(new Error("the object was reset"))],
  ["never answers", () => new Promise<never>(() => undefined)],
])(
  "a reply is kept although the governor %s when the outcome is reported",
  async (_case, receive) => {
    let calls = 0;
    vi.stubGlobal("fetch", async () => {
      calls += 1;
      return Response.json({
        choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
        usage: { prompt_tokens: 400, completion_tokens: 1 },
      });
    });
    const GOVERNOR = permissiveGovernor({ receive });
    const on = testConsumer({ MODEL_BASE_URL: uniqueEndpoint(), MODEL_RPM: "6000", GOVERNOR });
    const row = await runTask({ prompt: "p", model: "m" }, { consumer: on, deliveriesMax: 1 });
    expect([row.status, calls]).toEqual(["succeeded", 1]);
  },
);

test("a consumer with invalid MODEL_PROFILES takes no task", async () => {
  const on = testConsumer({ MODEL_PROFILES: '{"m": {"prise": 1}}' });
  const id = await acceptTask({ prompt: "p", rehearsal: [finalAnswer()] });
  expect(await deliverMessages(on, [id])).toEqual({ acked: 0, retried: 1 });
  expect((await readRow(id)).status).toBe("queued");
});

test("the price of a model comes from MODEL_PROFILES", async () => {
  vi.stubGlobal("fetch", async () =>
    Response.json({
      choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
      usage: { prompt_tokens: 1_000, completion_tokens: 10 },
    }),
  );
  const MODEL_PROFILES = '{"m": {"price": {"input": 1, "output": 2}}}';
  const on = testConsumer({ MODEL_BASE_URL: "http://m.invalid/v1", MODEL_PROFILES });
  const row = await runTask({ prompt: "p", model: "m" }, { consumer: on });
  expect(JSON.parse(row.usage).cost_usd).toBeCloseTo(0.00102, 9);
});

test("a Loader that is down costs attempts and is not shown to the model", async () => {
  const LOADER = {
    get() {
      throw new Error("the Loader is gone");
    },
  };
  const row = await runTask(
    { prompt: "p", attempts: 2, rehearsal: [toolCall("run_code", { code: "1" }), finalAnswer()] },
    { consumer: testConsumer({ LOADER }) },
  );
  expect([row.status, row.attempt]).toEqual(["dead", 2]);
  expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "sandbox_fault", class: "retry" });
  expect((await readSteps(row.id)).map((step) => step.name)).toEqual(["rehearsal"]);
  expect(JSON.parse(row.usage)).toMatchObject({ steps: 3, tool_calls: 2 });
});

test("a program runs again after the Loader has recovered", async () => {
  let calls = 0;
  const LOADER = {
    get: (...args: Parameters<WorkerLoader["get"]>) => {
      calls += 1;
      if (calls === 1) throw new Error("the Loader is gone");
      return openLoader.get(...args);
    },
  };
  const row = await runTask(
    { prompt: "p", rehearsal: [toolCall("run_code", { code: "1" }), finalAnswer()] },
    { consumer: testConsumer({ LOADER }) },
  );
  expect([row.status, row.attempt]).toEqual(["succeeded", 1]);
});
