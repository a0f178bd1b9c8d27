import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { getText, sha256Hex } from "../../../shared/files/objects.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

const error = (status: number, code: string | number = "x") => ({
  error: { status, code, message: "the endpoint failed" },
});
const number = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };

/** The script of a task, and how it must end. */
const cases: [what: string, task: DurableTask, status: string, reason: string][] = [
  [
    "answers with text and has no schema",
    { prompt: "p", rehearsal: [{ text: "hi" }] },
    "succeeded",
    "completed",
  ],
  [
    "answers through final_answer",
    { prompt: "p", rehearsal: [finalAnswer()] },
    "succeeded",
    "completed",
  ],
  [
    "answers after a tool call",
    { prompt: "p", rehearsal: [toolCall("list_files", {}), finalAnswer()] },
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
    {
      prompt: "p",
      output_schema: number,
      rehearsal: [finalAnswer({ n: "many" }), finalAnswer({ n: 3 })],
    },
    "succeeded",
    "completed",
  ],
  [
    "answers an array schema through one wrapped field",
    {
      prompt: "p",
      output_schema: { type: "array", items: { type: "integer" } },
      rehearsal: [finalAnswer({ value: [1, 2] })],
    },
    "succeeded",
    "completed",
  ],
  [
    "answers an array schema whose items are in $defs",
    {
      prompt: "p",
      output_schema: {
        type: "array",
        items: { $ref: "#/$defs/Item" },
        $defs: {
          Item: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
        },
      },
      rehearsal: [finalAnswer({ value: [{ n: 1 }] })],
    },
    "succeeded",
    "completed",
  ],
  [
    "never fits its schema",
    {
      prompt: "p",
      output_schema: number,
      rehearsal: ["a", "b", "c", "d", "e", "f", "g"].map((n) => finalAnswer({ n })),
    },
    "failed",
    "invalid_output",
  ],
  [
    "fits its schema only when it must call final_answer",
    {
      prompt: "p",
      output_schema: number,
      rehearsal: [
        finalAnswer({ n: "a" }),
        finalAnswer({ n: "b" }),
        finalAnswer({ n: "c" }),
        finalAnswer({ n: 4 }),
      ],
    },
    "succeeded",
    "completed",
  ],
  [
    "never fits its schema and has no further turn",
    {
      prompt: "p",
      output_schema: number,
      rehearsal: [finalAnswer({ n: "a" }), finalAnswer({ n: "b" }), finalAnswer({ n: "c" })],
    },
    "failed",
    "invalid_output",
  ],
  [
    "calls only tools that do not exist",
    {
      prompt: "p",
      rehearsal: [toolCall("teleport", {}), toolCall("teleport", {}), toolCall("teleport", {})],
    },
    "failed",
    "no_progress",
  ],
  [
    "gives three empty replies",
    { prompt: "p", rehearsal: [{ text: "" }, { text: " " }, { text: "" }] },
    "failed",
    "invalid_output",
  ],
  [
    "repeats one call with the same result",
    { prompt: "p", rehearsal: Array.from({ length: 9 }, () => toolCall("list_files", {})) },
    "failed",
    "no_progress",
  ],
  [
    "uses up its steps",
    {
      prompt: "p",
      limits: { steps: 4 },
      rehearsal: [
        toolCall("list_files", {}),
        toolCall("read_file", { path: "a" }),
        toolCall("list_files", {}),
        toolCall("list_files", {}),
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
      rehearsal: [toolCall("list_files", {}), toolCall("list_files", {}), finalAnswer()],
    },
    "failed",
    "budget_model_calls",
  ],
  [
    "is offered only final_answer at its last call and calls it",
    {
      prompt: "p",
      limits: { model_calls: 2 },
      rehearsal: [toolCall("list_files", {}), finalAnswer()],
    },
    "succeeded",
    "completed",
  ],
  [
    "has too few tokens for its prompt",
    { prompt: "p".repeat(4_000), limits: { tokens: 500 }, rehearsal: [finalAnswer()] },
    "failed",
    "budget_tokens",
  ],
  [
    "is rejected by its endpoint",
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
    { prompt: "p", rehearsal: [toolCall("list_files", {})] },
    "failed",
    "model_error",
  ],
  [
    "fails at each attempt",
    { prompt: "p", attempts: 2, rehearsal: [error(500), error(503), finalAnswer()] },
    "dead",
    "attempts_exhausted",
  ],
  [
    "fails once and then succeeds",
    { prompt: "p", rehearsal: [error(500), finalAnswer()] },
    "succeeded",
    "completed",
  ],
  [
    "names a policy that does not exist",
    { prompt: "p", policy: "gone", rehearsal: [finalAnswer()] },
    "failed",
    "policy_error",
  ],
  [
    "names an engine that is not configured",
    { prompt: "p", sandbox: "microvm", rehearsal: [finalAnswer()] },
    "failed",
    "sandbox_unavailable",
  ],
  [
    "names a model without an endpoint",
    { prompt: "p", model: "@cf/zai-org/glm-5.2" },
    "failed",
    "model_error",
  ],
];

test.each(cases)(
  "a task that %s has its status and reason",
  async (_case, task, status, reason) => {
    const row = await runTask(task);
    expect([row.status, row.reason]).toEqual([status, reason]);
  },
);

test("only a succeeded task has a result object, and its row has the object's hash and size", async () => {
  const goodTask = await runTask({ prompt: "p", rehearsal: [finalAnswer({ text: "kept" })] });
  const text = await getText(env.OBJECTS, goodTask.result_key ?? "");
  const bytes = new TextEncoder().encode(text ?? "");
  expect(JSON.parse(text ?? "")).toMatchObject({ id: goodTask.id, output: { text: "kept" } });
  expect([goodTask.result_sha256, goodTask.result_bytes]).toEqual([
    await sha256Hex(bytes),
    bytes.length,
  ]);
  const badTask = await runTask({ prompt: "p", rehearsal: [error(400)] });
  expect([badTask.result_key, badTask.output]).toEqual([null, null]);
});

test("an output that is too large for the row is only in the result object", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [finalAnswer({ text: "x".repeat(20_000) })],
  });
  expect(row.output).toBeNull();
  expect(
    JSON.parse((await getText(env.OBJECTS, row.result_key ?? "")) ?? "").output.text,
  ).toHaveLength(20_000);
});

test("a dead task stores its cause, its class, its last step and the error of each attempt", async () => {
  const row = await runTask({ prompt: "p", attempts: 2, rehearsal: [error(500), error(503)] });
  expect(JSON.parse(row.error ?? "")).toMatchObject({
    code: "model_unavailable",
    class: "retry",
    last_step: "2 rehearsal",
  });
  expect(JSON.parse(row.errors)).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  expect(row.attempt).toBe(2);
});

test("a settled task has no journal rows, and its transcript has every step", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [toolCall("list_files", {}), finalAnswer()],
  });
  const rows = await env.DB.prepare("SELECT COUNT(*) AS n FROM steps WHERE task_id = ?1")
    .bind(row.id)
    .first<{ n: number }>();
  expect(rows?.n).toBe(0);
  const steps = await readSteps(row.id);
  expect(steps.map((step) => [step.seq, step.payload.kind, step.name])).toEqual([
    [1, "model", "rehearsal"],
    [2, "tool", "list_files"],
    [3, "model", "rehearsal"],
  ]);
  expect(JSON.parse(row.usage)).toMatchObject({ steps: 3, model_calls: 2, tool_calls: 1 });
});

test("the size limit of an output in D1 counts bytes, not characters", async () => {
  const text = "界".repeat(4_000);
  const row = await runTask({ prompt: "p", rehearsal: [finalAnswer({ text })] });
  expect(row.output).toBeNull();
  expect(await readSteps(row.id)).toHaveLength(1);
});
