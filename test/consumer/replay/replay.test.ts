import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { type ReplayOptions, replay } from "../../../consumer/replay/replay.ts";
import { catalog, checkAvailable } from "../../../consumer/tools/catalog.ts";
import type { ProducerEnv } from "../../../producer/env.ts";
import producer from "../../../producer/index.ts";
import type { Recording } from "../../../shared/files/recording.ts";
import { isRecording } from "../../../shared/files/recording.ts";
import { readProfiles } from "../../../shared/models/profile_overrides.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { runTask, testConsumer, toolCall } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const apiKey = "replay-key";

/** Runs a task to its end and fetches its journal as the CLI does. */
async function recordTask(
  task: DurableTask,
  overrides: Record<string, unknown> = {},
): Promise<Recording> {
  const on = testConsumer({ FLEET_API_KEY: apiKey, FLEET_MODE: "local", ...overrides });
  const row = await runTask(task, { consumer: on });
  const request = new Request<unknown, IncomingRequestCfProperties>(
    `https://fleet/v1/tasks/${row.id}/journal`,
    { headers: { authorization: `Bearer ${apiKey}` } },
  );
  const context = createExecutionContext();
  const response = await producer.fetch(request, on.env as unknown as ProducerEnv, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  const value: unknown = JSON.parse(text);
  if (!isRecording(value)) throw new Error(`no journal: ${text.slice(0, 200)}`);
  // No consumer is bound here, so the configured tools are added.
  const tools = catalog.filter((tool) => checkAvailable(tool, "default", on.env).ok);
  return { ...value, tools: tools.map(({ name }) => name) };
}

const replayWith = (recording: Recording, options: Partial<ReplayOptions> = {}) =>
  replay(structuredClone(recording), { profileOf, ...options });

const hermes = `I will look.\n<tool_call>{"name": "list_files", "arguments": {}}</tool_call>`;
const raw = (message: object, fields: object = {}) => ({
  raw: {
    choices: [{ finish_reason: "stop", message: { role: "assistant", content: "", ...message } }],
    usage: { prompt_tokens: 900, completion_tokens: 100 },
    ...fields,
  },
});
const callOf = (name: string, args: unknown) => ({
  tool_calls: [{ id: "x", type: "function", function: { name, arguments: args } }],
});

test("a task with samples, checks, a judge and an escalation replays without a difference", async () => {
  const answer = (n: number) => toolCall("final_answer", { n });
  const verdict = (score: number) => toolCall("final_answer", { reasons: "r", score });
  const recording = await recordTask({
    prompt: "p",
    output_schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
    samples: { count: 2 },
    checks: [
      { code: `output.n > 0 || "must be positive"` },
      { judge: { model: "rehearsal", rubric: "r" } },
    ],
    escalate: [{ model: "rehearsal", share_failure: true }],
    rehearsal: [
      ...[answer(-1), answer(1), verdict(1)],
      ...[answer(2), verdict(0), answer(2), verdict(1)],
      ...[answer(3), verdict(1)],
    ],
  });
  expect(recording.task.status).toBe("succeeded");
  const report = replayWith(recording);
  expect(report.differences).toEqual([]);
  expect(report.model_calls).toBe(9);
  const changed = structuredClone(recording);
  changed.task.output = { n: 1 };
  expect(replayWith(changed).differences).toMatchObject([{ what: "answer", now: '{"n":3}' }]);
});

/** Every kind of decision that a replay repeats. */
const eventfulTask: DurableTask = {
  prompt: "p",
  output_schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
  files: { "a.txt": { text: "a" } },
  limits: { model_calls: 12 },
  rehearsal: [
    raw({ content: hermes }),
    { error: { status: 503, code: "x", message: "down" } },
    raw(callOf("read_file", '{"path": "a.txt",}')),
    toolCall("no_such_tool", {}),
    toolCall("fetch_url", { url: "https://unlisted.example/a?b=1" }),
    {
      calls: [
        { name: "read_file", arguments: { path: "a.txt" } },
        { name: "list_files", arguments: {} },
      ],
    },
    raw(callOf("final_answer", '{"n": "two"}')),
    raw(callOf("final_answer", { n: "2" })),
  ],
};

test("a finished task replays without differences", async () => {
  const recording = await recordTask(eventfulTask);
  expect(recording.task).toMatchObject({ status: "succeeded", output: { n: 2 } });
  const report = replayWith(recording);
  expect(report.differences).toEqual([]);
  expect(report).toMatchObject({ model_calls: 8, decisions: 1, taken_as_journaled: 0 });
});

test("tasks that ended at a budget or in a loop replay without differences", async () => {
  const list = toolCall("list_files", {});
  const turns = Array.from({ length: 20 }, () => list);
  const budget = await recordTask({ prompt: "p", rehearsal: turns, limits: { model_calls: 3 } });
  const circles = await recordTask({ prompt: "p", rehearsal: turns });
  expect([budget.task.reason, circles.task.reason]).toEqual(["budget_model_calls", "no_progress"]);
  expect([replayWith(budget).differences, replayWith(circles).differences]).toEqual([[], []]);
});

test("the journal holds the raw text only of replies that were repaired or failed", async () => {
  const recording = await recordTask(eventfulTask);
  const hasRaw = recording.steps.flatMap(({ payload }) =>
    payload.kind === "model" ? [payload.raw !== undefined] : [],
  );
  expect(hasRaw).toEqual([true, true, true, false, false, false, true, true]);
});

test("another policy's decision is reported as a difference", async () => {
  const recording = await recordTask(eventfulTask);
  const open = JSON.stringify({ rules: [{ host: "unlisted.example" }] });
  expect(replayWith(recording, { policy: open }).differences).toMatchObject([
    {
      what: "egress",
      was: "GET https://unlisted.example/a?b=1: deny (no_rule)",
      now: "allow (rule 0)",
    },
  ]);
  expect(replayWith(recording, { policy: "no policy" }).differences).toMatchObject([]);
});

test("a model with other prices is reported with its cost and its plan", async () => {
  const AI = {
    run: async () =>
      Response.json({ response: "hi", usage: { prompt_tokens: 90_000, completion_tokens: 10 } }),
  };
  const overrides = readProfiles('{"@cf/x/dear": {"price": {"input": 100, "output": 100}}}');
  if (!overrides.ok) throw new Error(overrides.error);
  const recording = await recordTask({ prompt: "p", model: "@cf/zai-org/glm-4.7-flash" }, { AI });
  const changes = { profileOf: overrides.value, model: "@cf/x/dear" };
  expect(replayWith(recording).differences).toEqual([]);
  expect(replayWith(recording, changes).differences).toMatchObject([
    { what: "cost", now: "$9.001000" },
  ]);
  const tight = { ...recording, spec: { ...recording.spec, limits: { cost_usd: 0.0001 } } };
  expect(replayWith(tight, changes).differences[0]).toMatchObject({
    what: "call",
    was: "call with tools",
    now: "no call: budget_cost",
  });
});

test("a changed reply and a changed answer are reported at their steps", async () => {
  const recording = await recordTask(eventfulTask);
  const first = recording.steps[0]?.payload;
  if (first?.kind !== "model" || first.reply === null) throw new Error("no reply");
  first.reply.text = "other text";
  recording.task.output = { n: 3 };
  const differences = replayWith(recording).differences;
  expect(differences.map(({ seq, what }) => [seq, what])).toEqual([
    [1, "reply"],
    [recording.steps.at(-1)?.seq, "answer"],
  ]);
});

test("no journal contains the endpoint's key, even if the endpoint repeats it", async () => {
  const key = "model-key-7d1f";
  vi.stubGlobal("fetch", async () => new Response(`bad key ${key}`, { status: 401 }));
  const recording = await recordTask(
    { prompt: "p", model: "m" },
    { MODEL_BASE_URL: "http://model.invalid/v1", MODEL_API_KEY: key },
  );
  expect(recording.steps).toHaveLength(1);
  expect(JSON.stringify(recording)).not.toContain(key);
});
