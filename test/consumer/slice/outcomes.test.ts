import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { getText, sha256Hex } from "../../../shared/objects.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { call, finish, runTask, stepsOf } from "../harness.ts";

const error = (status: number, code: string | number = "x") => ({
  error: { status, code, message: "the endpoint said so" },
});
const number = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };

/** What a task is scripted to do, and how it must end. */
const cases: [what: string, task: DurableTask, status: string, reason: string][] = [
  [
    "answers with text where no schema is asked",
    { prompt: "p", rehearsal: [{ text: "hi" }] },
    "succeeded",
    "completed",
  ],
  [
    "answers through final_answer",
    { prompt: "p", rehearsal: [finish()] },
    "succeeded",
    "completed",
  ],
  [
    "answers after a tool call",
    { prompt: "p", rehearsal: [call("list_files", {}), finish()] },
    "succeeded",
    "completed",
  ],
  [
    "answers in fenced JSON text that fits the schema",
    { prompt: "p", output_schema: number, rehearsal: [{ text: '```json\n{"n": 3}\n```' }] },
    "succeeded",
    "completed",
  ],
  [
    "is corrected once against its schema",
    { prompt: "p", output_schema: number, rehearsal: [finish({ n: "many" }), finish({ n: 3 })] },
    "succeeded",
    "completed",
  ],
  [
    "answers an array schema through one wrapped field",
    {
      prompt: "p",
      output_schema: { type: "array", items: { type: "integer" } },
      rehearsal: [finish({ value: [1, 2] })],
    },
    "succeeded",
    "completed",
  ],
  [
    "answers an array schema whose items are defined apart",
    {
      prompt: "p",
      output_schema: {
        type: "array",
        items: { $ref: "#/$defs/Item" },
        $defs: {
          Item: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
        },
      },
      rehearsal: [finish({ value: [{ n: 1 }] })],
    },
    "succeeded",
    "completed",
  ],
  [
    "never fits its schema",
    {
      prompt: "p",
      output_schema: number,
      rehearsal: ["a", "b", "c", "d", "e", "f", "g"].map((n) => finish({ n })),
    },
    "failed",
    "invalid_output",
  ],
  [
    "fits its schema only when its answer is asked for by name",
    {
      prompt: "p",
      output_schema: number,
      rehearsal: [finish({ n: "a" }), finish({ n: "b" }), finish({ n: "c" }), finish({ n: 4 })],
    },
    "succeeded",
    "completed",
  ],
  [
    "never fits its schema and has no further turn",
    {
      prompt: "p",
      output_schema: number,
      rehearsal: [finish({ n: "a" }), finish({ n: "b" }), finish({ n: "c" })],
    },
    "failed",
    "invalid_output",
  ],
  [
    "only ever calls tools that do not exist",
    { prompt: "p", rehearsal: [call("teleport", {}), call("teleport", {}), call("teleport", {})] },
    "failed",
    "no_progress",
  ],
  [
    "says nothing three times",
    { prompt: "p", rehearsal: [{ text: "" }, { text: " " }, { text: "" }] },
    "failed",
    "invalid_output",
  ],
  [
    "repeats one call with one result",
    { prompt: "p", rehearsal: Array.from({ length: 9 }, () => call("list_files", {})) },
    "failed",
    "no_progress",
  ],
  [
    "uses up its steps",
    {
      prompt: "p",
      limits: { steps: 4 },
      rehearsal: [
        call("list_files", {}),
        call("read_file", { path: "a" }),
        call("list_files", {}),
        call("list_files", {}),
      ],
    },
    "failed",
    "budget_steps",
  ],
  [
    "uses up its model calls",
    {
      prompt: "p",
      limits: { model_calls: 2 },
      rehearsal: [call("list_files", {}), call("list_files", {}), finish()],
    },
    "failed",
    "budget_model_calls",
  ],
  [
    "is offered the answer alone at its last call and takes it",
    { prompt: "p", limits: { model_calls: 2 }, rehearsal: [call("list_files", {}), finish()] },
    "succeeded",
    "completed",
  ],
  [
    "has no tokens for its prompt",
    { prompt: "p".repeat(4_000), limits: { tokens: 500 }, rehearsal: [finish()] },
    "failed",
    "budget_tokens",
  ],
  [
    "is refused by its endpoint for good",
    { prompt: "p", rehearsal: [error(400)] },
    "failed",
    "model_error",
  ],
  [
    "is filtered by its endpoint",
    { prompt: "p", rehearsal: [error(400, 3030)] },
    "failed",
    "model_refused",
  ],
  [
    "runs out of rehearsed turns",
    { prompt: "p", rehearsal: [call("list_files", {})] },
    "failed",
    "model_error",
  ],
  [
    "fails at each attempt",
    { prompt: "p", attempts: 2, rehearsal: [error(500), error(503), finish()] },
    "dead",
    "attempts_exhausted",
  ],
  [
    "fails once and then works",
    { prompt: "p", rehearsal: [error(500), finish()] },
    "succeeded",
    "completed",
  ],
  [
    "names a policy that is gone",
    { prompt: "p", policy: "gone", rehearsal: [finish()] },
    "failed",
    "policy_error",
  ],
  [
    "names an engine that is not configured",
    { prompt: "p", sandbox: "microvm", rehearsal: [finish()] },
    "failed",
    "sandbox_unavailable",
  ],
  [
    "names a model that nothing serves",
    { prompt: "p", model: "@cf/zai-org/glm-5.2" },
    "failed",
    "model_error",
  ],
];

test.each(cases)("a task that %s", async (_what, task, status, reason) => {
  const row = await runTask(task);
  expect([row.status, row.reason]).toEqual([status, reason]);
});

test("a result object has the hash and the size that the row says, and only success has one", async () => {
  const good = await runTask({ prompt: "p", rehearsal: [finish({ text: "kept" })] });
  const text = await getText(env.OBJECTS, good.result_key ?? "");
  const bytes = new TextEncoder().encode(text ?? "");
  expect(JSON.parse(text ?? "")).toMatchObject({ id: good.id, output: { text: "kept" } });
  expect([good.result_sha256, good.result_bytes]).toEqual([await sha256Hex(bytes), bytes.length]);
  const bad = await runTask({ prompt: "p", rehearsal: [error(400)] });
  expect([bad.result_key, bad.output]).toEqual([null, null]);
});

test("an output that is too large for the row stands in the result object alone", async () => {
  const row = await runTask({ prompt: "p", rehearsal: [finish({ text: "x".repeat(20_000) })] });
  expect(row.output).toBeNull();
  expect(
    JSON.parse((await getText(env.OBJECTS, row.result_key ?? "")) ?? "").output.text,
  ).toHaveLength(20_000);
});

test("a dead task keeps its cause, its class, its last step and the error of each attempt", async () => {
  const row = await runTask({ prompt: "p", attempts: 2, rehearsal: [error(500), error(503)] });
  expect(JSON.parse(row.error ?? "")).toMatchObject({
    code: "model_unavailable",
    class: "retry",
    last_step: "2 rehearsal",
  });
  expect(JSON.parse(row.errors)).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  expect(row.attempt).toBe(2);
});

test("a settled task leaves no journal rows, and its transcript has every step", async () => {
  const row = await runTask({ prompt: "p", rehearsal: [call("list_files", {}), finish()] });
  const rows = await env.DB.prepare("SELECT COUNT(*) AS n FROM steps WHERE task_id = ?1")
    .bind(row.id)
    .first<{ n: number }>();
  expect(rows?.n).toBe(0);
  const steps = await stepsOf(row.id);
  expect(steps.map((step) => [step.seq, step.payload.kind, step.name])).toEqual([
    [1, "model", "rehearsal"],
    [2, "tool", "list_files"],
    [3, "model", "rehearsal"],
  ]);
  expect(JSON.parse(row.usage)).toMatchObject({ steps: 3, model_calls: 2, tool_calls: 1 });
});

test("what stands in the row is bounded in bytes, not in characters", async () => {
  const text = "界".repeat(4_000);
  const row = await runTask({ prompt: "p", rehearsal: [finish({ text })] });
  expect([row.output, row.transcript]).toEqual([null, null]);
  expect(await stepsOf(row.id)).toHaveLength(1);
});
