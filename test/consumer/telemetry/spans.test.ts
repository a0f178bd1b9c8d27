/** The spans of a task's work on the platform's tracing, with OpenTelemetry's names for generative AI. */

import { tracing } from "cloudflare:workers";
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { finalAnswer, runTask, testConsumer, toolCall } from "../harness.ts";

interface RecordedSpan {
  name: string;
  parent: string | null;
  attributes: Record<string, unknown>;
  error: string | null;
}

let spans: RecordedSpan[] = [];
let isTraced = true;
let isBroken = false;

beforeEach(() => {
  spans = [];
  isTraced = true;
  isBroken = false;
  const active = new AsyncLocalStorage<RecordedSpan>();
  vi.spyOn(tracing, "enterSpan").mockImplementation(((
    name: string,
    work: (span: object) => unknown,
  ) => {
    const recorded: RecordedSpan = {
      name,
      parent: active.getStore()?.name ?? null,
      attributes: {},
      error: null,
    };
    // The platform's own spans, such as those of D1, use the same function.
    const isOurs = /^(invoke_agent|chat|execute_tool) /.test(name);
    if (isOurs) spans.push(recorded);
    const span = {
      isTraced,
      setAttributes: (added: object) => {
        if (isBroken && isOurs) throw new TypeError("span.setAttributes is not a function");
        Object.assign(recorded.attributes, added);
      },
      setStatus: ({ message }: { message: string }) => {
        recorded.error = message;
      },
    };
    return active.run(recorded, () => work(span));
  }) as typeof tracing.enterSpan);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const tree = () => spans.map(({ name, parent }) => [name, parent]);
const withName = (name: string) => spans.filter((span) => span.name === name);

test("a slice is one agent span with its model calls and tool calls below it", async () => {
  await runTask({
    prompt: "p",
    rehearsal: [toolCall("run_code", { code: "(await list_files({})).length" }), finalAnswer()],
  });
  expect(tree()).toEqual([
    ["invoke_agent flotilla", null],
    ["chat rehearsal", "invoke_agent flotilla"],
    ["execute_tool run_code", "invoke_agent flotilla"],
    ["execute_tool list_files", "execute_tool run_code"],
    ["chat rehearsal", "invoke_agent flotilla"],
  ]);
});

test("each span has the attributes of the conventions", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [toolCall("list_files", {}), finalAnswer()],
  });
  expect(withName("invoke_agent flotilla")[0]?.attributes).toMatchObject({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "flotilla",
    "gen_ai.conversation.id": row.id,
    "gen_ai.request.model": "rehearsal",
    "flotilla.outcome": "settled",
    "flotilla.status": "succeeded",
    "flotilla.reason": "completed",
    "flotilla.tenant": "default",
    "flotilla.attempt": 0,
    "flotilla.fence": 1,
  });
  const [first, last] = withName("chat rehearsal");
  expect(first?.attributes).toMatchObject({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "rehearsal",
    "gen_ai.conversation.id": row.id,
    "gen_ai.response.finish_reasons": "calls",
    "flotilla.fallback": false,
  });
  expect(last?.attributes["gen_ai.usage.input_tokens"]).toBeGreaterThan(0);
  expect(withName("execute_tool list_files")[0]?.attributes).toEqual({
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "list_files",
    "gen_ai.tool.type": "function",
    "gen_ai.conversation.id": row.id,
    "flotilla.step": 2,
    "flotilla.tool_ok": true,
  });
});

test("failed calls and failed tasks are error spans with their codes", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ error: { message: "no" } }, { status: 400 }));
  const row = await runTask(
    { prompt: "p", model: "small" },
    {
      consumer: testConsumer({ MODEL_BASE_URL: "https://models.example/v1" }),
      row: { model: "small" },
    },
  );
  expect(row.status).toBe("failed");
  expect(withName("chat small")[0]).toMatchObject({
    error: "model_rejected",
    attributes: { "error.type": "model_rejected", "gen_ai.provider.name": "openai_compatible" },
  });
  expect(withName("invoke_agent flotilla")[0]?.error).toBe(row.reason);
});

test("a Workers AI model that an endpoint serves has the endpoint's provider name", async () => {
  const reply = { choices: [{ finish_reason: "stop", message: { content: "yes" } }] };
  vi.stubGlobal("fetch", async () => Response.json(reply));
  const model = "@cf/someone/small";
  const on = testConsumer({ MODEL_BASE_URL: "https://models.example/v1", AI: undefined });
  await runTask({ prompt: "p", model }, { consumer: on, row: { model } });
  expect(withName(`chat ${model}`)[0]?.attributes["gen_ai.provider.name"]).toBe(
    "openai_compatible",
  );
});

test("no span contains a prompt, an answer, an argument or a file", async () => {
  await runTask({
    prompt: "marker-prompt",
    rehearsal: [
      toolCall("write_file", { path: "marker-path", content: "marker-content" }),
      toolCall("marker_tool", { a: "marker-argument" }),
      finalAnswer({ text: "marker-answer" }),
    ],
  });
  expect(spans.length).toBeGreaterThan(4);
  expect(JSON.stringify(spans)).not.toContain("marker");
});

test("no attribute is built when nothing is traced", async () => {
  isTraced = false;
  const row = await runTask({
    prompt: "p",
    rehearsal: [toolCall("list_files", {}), finalAnswer()],
  });
  expect(row.status).toBe("succeeded");
  expect(spans.map(({ attributes }) => attributes)).toEqual(spans.map(() => ({})));
});

test("a span that throws does not fail the work", async () => {
  isBroken = true;
  const row = await runTask({
    prompt: "p",
    rehearsal: [toolCall("list_files", {}), finalAnswer()],
  });
  expect(row.status).toBe("succeeded");
  expect(withName("execute_tool list_files")).toHaveLength(1);
});
