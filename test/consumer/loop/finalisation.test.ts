/** How a task is brought to its answer, and what it leaves where it gives none. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Step } from "../../../shared/step.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { bench, call, finish, runTask, stepsOf } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const number = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const base: DurableTask = { prompt: "p", output_schema: number };
const wrong = finish({ n: "many" });
const looking = call("list_files", {});
const offered = (steps: readonly Step[]) =>
  steps.flatMap(({ payload }) => (payload.kind === "model" ? [payload.offered] : []));
const times = <T>(count: number, turn: T): T[] => Array.from({ length: count }, () => turn);

describe("the rungs, one call each", () => {
  test.each([
    ["by name", [...times(3, wrong), finish({ n: 1 })], "named"],
    ["as JSON", [...times(4, wrong), { text: '{"n": 1}' }], "json"],
    ["as text", [...times(5, wrong), { text: 'It is {"n": 1}.' }], "text"],
  ])("an answer that comes only %s is taken", async (_how, rehearsal, rung) => {
    const row = await runTask({ ...base, rehearsal });
    expect([row.status, JSON.parse(row.output ?? "null")]).toEqual(["succeeded", { n: 1 }]);
    expect(offered(await stepsOf(row.id)).at(-1)).toBe(rung);
  });

  test("each is a call that must fit: with one call left there is one rung", async () => {
    const limits = { model_calls: 2 };
    const row = await runTask({ ...base, limits, rehearsal: [looking, ...times(4, wrong)] });
    expect([row.reason, JSON.parse(row.usage).model_calls]).toEqual(["budget_model_calls", 2]);
  });

  test("an endpoint that refuses a forced tool or JSON mode is asked in the next way", async () => {
    const sent: Record<string, unknown>[] = [];
    const refusals: Record<string, unknown>[] = [];
    vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
      const body = JSON.parse(String(init.body)) as Record<string, unknown>;
      sent.push(body);
      const refused = typeof body.tool_choice === "object" || body.response_format !== undefined;
      if (refused) {
        refusals.push(body);
        return Response.json({ errors: [{ code: 8006, message: "no" }] }, { status: 400 });
      }
      const content = sent.length > 3 ? '{"n": 5}' : "I think so.";
      return Response.json({ choices: [{ finish_reason: "stop", message: { content } }] });
    });
    const on = bench({ MODEL_BASE_URL: "http://m.invalid/v1" });
    const row = await runTask({ ...base, model: "m" }, { bench: on, deliveriesMax: 1 });
    expect([row.status, row.attempt, row.output]).toEqual(["succeeded", 0, '{"n":5}']);
    expect([sent.length, refusals.length]).toEqual([6, 2]);
    expect(sent.at(-1)).not.toHaveProperty("tools");
    expect(JSON.parse(row.usage).model_calls).toBe(6);
  });
});

describe("the same calls with the same results", () => {
  test("are told, then held back, then the answer is asked for, and taken", async () => {
    const row = await runTask({ ...base, rehearsal: [...times(5, looking), finish({ n: 2 })] });
    expect([row.status, JSON.parse(row.quirks)]).toEqual([
      "succeeded",
      expect.arrayContaining(["calls_went_in_circles"]),
    ]);
    const tools = (await stepsOf(row.id)).flatMap(({ status, payload }) =>
      payload.kind === "tool" ? [[status, payload.note !== undefined]] : [],
    );
    expect(tools).toEqual([
      ["done", false],
      ["done", false],
      ["done", true],
      ["refused", false],
      ["refused", false],
    ]);
  });

  test("end as no_progress when no answer comes, with what the model last tried", async () => {
    const both = [looking, call("read_file", { path: "a" })];
    const turns = Array.from({ length: 6 }, () => both).flat();
    const row = await runTask({ ...base, rehearsal: [...turns, finish({ n: "two" })] });
    expect([row.status, row.reason]).toEqual(["failed", "no_progress"]);
    expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "repetition" });
  });
});

describe("a task without an answer leaves its draft", () => {
  test.each([
    ["the last try at an answer", times(7, wrong), '{"n":"many"}'],
    ["else the last words", times(7, { text: "About seven." }), "About seven."],
  ])("%s", async (_what, rehearsal, draft) => {
    const row = await runTask({ ...base, rehearsal });
    expect([row.reason, JSON.parse(row.error ?? "").draft]).toEqual(["invalid_output", draft]);
  });

  test("when the model declines, at once and with its words", async () => {
    const message = { role: "assistant", refusal: "I will not." };
    const raw = { choices: [{ finish_reason: "stop", message }] };
    const row = await runTask({ prompt: "p", rehearsal: [{ raw }, finish()] });
    expect([row.status, row.reason]).toEqual(["failed", "model_refused"]);
    expect(JSON.parse(row.error ?? "")).toMatchObject({
      code: "model_refused",
      draft: "I will not.",
    });
  });
});

test("text that repeats itself without end is no answer", async () => {
  const row = await runTask({ prompt: "p", rehearsal: [{ text: "!".repeat(2_000) }, finish()] });
  expect([row.status, JSON.parse(row.output ?? "")]).toEqual(["succeeded", { text: "done" }]);
  expect(JSON.parse(row.quirks)).toContain("text_repeats");
});

test("after thought that filled a reply the model gets more room and is asked to think less", async () => {
  const sent: Record<string, unknown>[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)) as Record<string, unknown>);
    const thought = { finish_reason: "length", message: { content: "", reasoning: "hm, hm" } };
    const answer = { finish_reason: "stop", message: { content: "four" } };
    return Response.json({ choices: [sent.length === 1 ? thought : answer] });
  });
  const MODEL_PROFILES = JSON.stringify({
    m: { thinking: { reasoning_effort: "high" }, thinking_less: { reasoning_effort: "low" } },
  });
  const on = bench({ MODEL_BASE_URL: "http://m.invalid/v1", MODEL_PROFILES });
  const row = await runTask({ prompt: "p", model: "m" }, { bench: on, deliveriesMax: 1 });
  expect([row.status, JSON.parse(row.quirks)]).toEqual([
    "succeeded",
    ["thought_filled_reply", "answer_in_text"],
  ]);
  expect(sent).toMatchObject([
    { max_tokens: 8_192, reasoning_effort: "high" },
    { max_tokens: 16_384, reasoning_effort: "low" },
  ]);
});
