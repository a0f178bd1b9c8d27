import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import type { Recording } from "../../../consumer/replay/recording.ts";
import { isRecording } from "../../../consumer/replay/recording.ts";
import { type Changes, replay } from "../../../consumer/replay/replay.ts";
import { catalog, unavailable } from "../../../consumer/tools/catalog.ts";
import type { ProducerEnv } from "../../../producer/env.ts";
import producer from "../../../producer/index.ts";
import { readProfiles } from "../../../shared/models/profile_overrides.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { bench, call, runTask } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const apiKey = "replay-key";

/** Runs a task to its end and fetches its journal as the command line does. */
async function recorded(task: DurableTask, more: Record<string, unknown> = {}): Promise<Recording> {
  const on = bench({ FLEET_API_KEY: apiKey, FLEET_MODE: "local", ...more });
  const row = await runTask(task, { bench: on });
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
  // No consumer answers here for what is configured.
  const tools = catalog.filter((tool) => unavailable(tool, "default", on.env) === null);
  return { ...value, tools: tools.map(({ name }) => name) };
}

const again = (recording: Recording, changes: Partial<Changes> = {}) =>
  replay(structuredClone(recording), { profileOf, ...changes });

const hermes = `I will look.\n<tool_call>{"name": "list_files", "arguments": {}}</tool_call>`;
const raw = (message: object, more: object = {}) => ({
  raw: {
    choices: [{ finish_reason: "stop", message: { role: "assistant", content: "", ...message } }],
    usage: { prompt_tokens: 900, completion_tokens: 100 },
    ...more,
  },
});
const said = (name: string, args: unknown) => ({
  tool_calls: [{ id: "x", type: "function", function: { name, arguments: args } }],
});

/** Every kind of thing that a replay decides again. */
const eventful: DurableTask = {
  prompt: "p",
  output_schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
  files: { "a.txt": { text: "a" } },
  limits: { model_calls: 12 },
  rehearsal: [
    raw({ content: hermes }),
    { error: { status: 503, code: "x", message: "down" } },
    raw(said("read_file", '{"path": "a.txt",}')),
    call("no_such_tool", {}),
    call("fetch_url", { url: "https://unlisted.example/a?b=1" }),
    {
      calls: [
        { name: "read_file", arguments: { path: "a.txt" } },
        { name: "list_files", arguments: {} },
      ],
    },
    raw(said("final_answer", '{"n": "two"}')),
    raw(said("final_answer", { n: "2" })),
  ],
};

test("a finished task replays the same: replies, tool outcomes, decisions and answer", async () => {
  const recording = await recorded(eventful);
  expect(recording.task).toMatchObject({ status: "succeeded", output: { n: 2 } });
  const found = again(recording);
  expect(found.differences).toEqual([]);
  expect(found).toMatchObject({ model_calls: 8, decisions: 1, taken_as_journaled: 0 });
});

test("one that ran into its budget, and one that went in circles, replay the same", async () => {
  const list = call("list_files", {});
  const turns = Array.from({ length: 20 }, () => list);
  const budget = await recorded({ prompt: "p", rehearsal: turns, limits: { model_calls: 3 } });
  const circles = await recorded({ prompt: "p", rehearsal: turns });
  expect([budget.task.reason, circles.task.reason]).toEqual(["budget_model_calls", "no_progress"]);
  expect([again(budget).differences, again(circles).differences]).toEqual([[], []]);
});

test("only what was mended or failed is kept in the endpoint's words", async () => {
  const recording = await recorded(eventful);
  const kept = recording.steps.flatMap(({ payload }) =>
    payload.kind === "model" ? [payload.raw !== undefined] : [],
  );
  expect(kept).toEqual([true, true, true, false, false, false, true, true]);
});

test("another policy decides otherwise, and the difference says where", async () => {
  const recording = await recorded(eventful);
  const open = JSON.stringify({ rules: [{ host: "unlisted.example" }] });
  expect(again(recording, { policy: open }).differences).toMatchObject([
    {
      what: "egress",
      was: "GET https://unlisted.example/a?b=1: deny (no_rule)",
      now: "allow (rule 0)",
    },
  ]);
  expect(again(recording, { policy: "no policy" }).differences).toMatchObject([]);
});

test("a dearer model, or one with a small window, would have been asked otherwise", async () => {
  const AI = {
    run: async () =>
      Response.json({ response: "hi", usage: { prompt_tokens: 90_000, completion_tokens: 10 } }),
  };
  const own = readProfiles('{"@cf/x/dear": {"price": {"input": 100, "output": 100}}}');
  if (!own.ok) throw new Error(own.message);
  const recording = await recorded({ prompt: "p", model: "@cf/zai-org/glm-4.7-flash" }, { AI });
  const changes = { profileOf: own.profileOf, model: "@cf/x/dear" };
  expect(again(recording).differences).toEqual([]);
  expect(again(recording, changes).differences).toMatchObject([{ what: "cost", now: "$9.001000" }]);
  const tight = { ...recording, spec: { ...recording.spec, limits: { cost_usd: 0.0001 } } };
  expect(again(tight, changes).differences[0]).toMatchObject({
    what: "call",
    was: "call with tools",
    now: "no call: budget_cost",
  });
});

test("a normaliser, a check or an answer that changed is found at its step", async () => {
  const recording = await recorded(eventful);
  const first = recording.steps[0]?.payload;
  if (first?.kind !== "model" || first.reply === null) throw new Error("no reply");
  first.reply.text = "other words";
  recording.task.output = { n: 3 };
  const found = again(recording).differences;
  expect(found.map(({ seq, what }) => [seq, what])).toEqual([
    [1, "reply"],
    [recording.steps.at(-1)?.seq, "answer"],
  ]);
});

test("the endpoint's key is in no journal, even where the endpoint repeats it", async () => {
  const key = "model-key-7d1f";
  vi.stubGlobal("fetch", async () => new Response(`bad key ${key}`, { status: 401 }));
  const recording = await recorded(
    { prompt: "p", model: "m" },
    { MODEL_BASE_URL: "http://model.invalid/v1", MODEL_API_KEY: key },
  );
  expect(recording.steps).toHaveLength(1);
  expect(JSON.stringify(recording)).not.toContain(key);
});
