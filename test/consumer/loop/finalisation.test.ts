/** How a task is brought to its answer, and what it leaves when it gives none. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Step } from "../../../shared/task/step.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, testConsumer, toolCall } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const number = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const base: DurableTask = { prompt: "p", output_schema: number };
const wrong = finalAnswer({ n: "many" });
const listCall = toolCall("list_files", {});
const offeredIn = (steps: readonly Step[]) =>
  steps.flatMap(({ payload }) => (payload.kind === "model" ? [payload.offered] : []));
const repeat = <T>(count: number, turn: T): T[] => Array.from({ length: count }, () => turn);

describe("the final steps, one call each", () => {
  test.each([
    ["by name", [...repeat(3, wrong), finalAnswer({ n: 1 })], "named"],
    ["as JSON", [...repeat(4, wrong), { text: '{"n": 1}' }], "json"],
    ["as text", [...repeat(5, wrong), { text: 'It is {"n": 1}.' }], "text"],
  ])("an answer that comes only %s is accepted", async (_case, rehearsal, finalStep) => {
    const row = await runTask({ ...base, rehearsal });
    expect([row.status, JSON.parse(row.output ?? "null")]).toEqual(["succeeded", { n: 1 }]);
    expect(offeredIn(await readSteps(row.id)).at(-1)).toBe(finalStep);
  });

  test("count as calls: with one call left there is one final step", async () => {
    const limits = { model_calls: 2 };
    const row = await runTask({ ...base, limits, rehearsal: [listCall, ...repeat(4, wrong)] });
    expect([row.reason, JSON.parse(row.usage).model_calls]).toEqual(["budget_model_calls", 2]);
  });

  test("skip a forced tool or JSON mode that the endpoint rejects", async () => {
    const sent: Record<string, unknown>[] = [];
    const refusals: Record<string, unknown>[] = [];
    vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
      const body = JSON.parse(String(init.body)) as Record<string, unknown>;
      sent.push(body);
      const isRefused = typeof body.tool_choice === "object" || body.response_format !== undefined;
      if (isRefused) {
        refusals.push(body);
        return Response.json({ errors: [{ code: 8006, message: "no" }] }, { status: 400 });
      }
      const content = sent.length > 3 ? '{"n": 5}' : "I think so.";
      return Response.json({ choices: [{ finish_reason: "stop", message: { content } }] });
    });
    const on = testConsumer({ MODEL_BASE_URL: "http://m.invalid/v1" });
    const row = await runTask({ ...base, model: "m" }, { consumer: on, deliveriesMax: 1 });
    expect([row.status, row.attempt, row.output]).toEqual(["succeeded", 0, '{"n":5}']);
    expect([sent.length, refusals.length]).toEqual([6, 2]);
    expect(sent.at(-1)).not.toHaveProperty("tools");
    expect(JSON.parse(row.usage).model_calls).toBe(6);
  });
});

describe("repeated calls with the same results", () => {
  test("get a note, then are blocked, then lead to the final answer", async () => {
    const row = await runTask({
      ...base,
      rehearsal: [...repeat(5, listCall), finalAnswer({ n: 2 })],
    });
    expect([row.status, JSON.parse(row.quirks)]).toEqual([
      "succeeded",
      expect.arrayContaining(["calls_went_in_circles"]),
    ]);
    const tools = (await readSteps(row.id)).flatMap(({ status, payload }) =>
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

  test("end the task as `no_progress` when no answer comes", async () => {
    const both = [listCall, toolCall("read_file", { path: "a" })];
    const turns = Array.from({ length: 6 }, () => both).flat();
    const row = await runTask({ ...base, rehearsal: [...turns, finalAnswer({ n: "two" })] });
    expect([row.status, row.reason]).toEqual(["failed", "no_progress"]);
    expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "repetition" });
  });
});

describe("the draft of a task without an answer", () => {
  test.each([
    ["the last attempt at an answer", repeat(7, wrong), '{"n":"many"}'],
    ["else the last text", repeat(7, { text: "About seven." }), "About seven."],
  ])("is %s", async (_case, rehearsal, draft) => {
    const row = await runTask({ ...base, rehearsal });
    expect([row.reason, JSON.parse(row.error ?? "").draft]).toEqual(["invalid_output", draft]);
  });

  test("is the refusal of a model that declines", async () => {
    const message = { role: "assistant", refusal: "I will not." };
    const raw = { choices: [{ finish_reason: "stop", message }] };
    const row = await runTask({ prompt: "p", rehearsal: [{ raw }, finalAnswer()] });
    expect([row.status, row.reason]).toEqual(["failed", "model_refused"]);
    expect(JSON.parse(row.error ?? "")).toMatchObject({
      code: "model_refused",
      draft: "I will not.",
    });
  });
});

test("text that repeats itself endlessly is not an answer", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [{ text: "!".repeat(2_000) }, finalAnswer()],
  });
  expect([row.status, JSON.parse(row.output ?? "")]).toEqual(["succeeded", { text: "done" }]);
  expect(JSON.parse(row.quirks)).toContain("text_repeats");
});

test("a model whose reasoning filled a reply gets more tokens and a lower reasoning effort", async () => {
  const sent: Record<string, unknown>[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)) as Record<string, unknown>);
    const onlyReasoning = {
      finish_reason: "length",
      message: { content: "", reasoning: "hm, hm" },
    };
    const answer = { finish_reason: "stop", message: { content: "four" } };
    return Response.json({ choices: [sent.length === 1 ? onlyReasoning : answer] });
  });
  const MODEL_PROFILES = JSON.stringify({
    m: { thinking: { reasoning_effort: "high" }, thinking_less: { reasoning_effort: "low" } },
  });
  const on = testConsumer({ MODEL_BASE_URL: "http://m.invalid/v1", MODEL_PROFILES });
  const row = await runTask({ prompt: "p", model: "m" }, { consumer: on, deliveriesMax: 1 });
  expect([row.status, JSON.parse(row.quirks)]).toEqual([
    "succeeded",
    ["thought_filled_reply", "answer_in_text"],
  ]);
  expect(sent).toMatchObject([
    { max_tokens: 8_192, reasoning_effort: "high" },
    { max_tokens: 16_384, reasoning_effort: "low" },
  ]);
});
