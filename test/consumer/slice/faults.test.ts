import { afterEach, expect, test, vi } from "vitest";
import { openLoader } from "../../sandbox/loader.ts";
import { accept, bench, call, deliverTo, finish, rowOf, runTask, stepsOf } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ["is reset", () => Promise.reject(new Error("the object was reset"))],
  ["never answers", () => new Promise<never>(() => undefined)],
])("a reply is kept though the governor %s when it is told of it", async (_what, heard) => {
  let calls = 0;
  vi.stubGlobal("fetch", async () => {
    calls += 1;
    return Response.json({
      choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
      usage: { prompt_tokens: 400, completion_tokens: 1 },
    });
  });
  const granted = async () => ({ granted: true, at: 0 });
  const GOVERNOR = {
    idFromName: () => "x",
    get: () => ({ admit: granted, permit: granted, heard }),
  };
  const on = bench({ MODEL_BASE_URL: "http://m.invalid/v1", MODEL_RPM: "6000", GOVERNOR });
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on, deliveriesMax: 1 });
  expect([row.status, calls]).toEqual(["succeeded", 1]);
});

test("profiles that cannot be read stop the fleet before it takes a task", async () => {
  const on = bench({ MODEL_PROFILES: '{"m": {"prise": 1}}' });
  const id = await accept({ prompt: "p", rehearsal: [finish()] });
  expect(await deliverTo(on, [id])).toEqual({ acked: 0, retried: 1 });
  expect((await rowOf(id)).status).toBe("queued");
});

test("the price of one's own model comes from its profile", async () => {
  vi.stubGlobal("fetch", async () =>
    Response.json({
      choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
      usage: { prompt_tokens: 1_000, completion_tokens: 10 },
    }),
  );
  const MODEL_PROFILES = '{"m": {"price": {"input": 1, "output": 2}}}';
  const on = bench({ MODEL_BASE_URL: "http://m.invalid/v1", MODEL_PROFILES });
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on });
  expect(JSON.parse(row.usage).cost_usd).toBeCloseTo(0.00102, 9);
});

test("a Loader that is down is a fault of the fleet: it costs attempts and is no answer of the tool", async () => {
  const LOADER = {
    get() {
      throw new Error("the Loader is gone");
    },
  };
  const row = await runTask(
    { prompt: "p", attempts: 2, rehearsal: [call("run_code", { code: "1" }), finish()] },
    { bench: bench({ LOADER }) },
  );
  expect([row.status, row.attempt]).toEqual(["dead", 2]);
  expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "sandbox_fault", class: "retry" });
  expect((await stepsOf(row.id)).map((step) => step.name)).toEqual(["rehearsal"]);
  expect(JSON.parse(row.usage)).toMatchObject({ steps: 3, tool_calls: 2 });
});

test("a program that works again after the Loader came back ends as if nothing had been", async () => {
  let calls = 0;
  const LOADER = {
    get: (...args: Parameters<WorkerLoader["get"]>) => {
      calls += 1;
      if (calls === 1) throw new Error("the Loader is gone");
      return openLoader.get(...args);
    },
  };
  const row = await runTask(
    { prompt: "p", rehearsal: [call("run_code", { code: "1" }), finish()] },
    { bench: bench({ LOADER }) },
  );
  expect([row.status, row.attempt]).toEqual(["succeeded", 1]);
});
