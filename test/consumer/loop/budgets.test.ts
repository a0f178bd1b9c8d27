import { afterEach, expect, test, vi } from "vitest";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import type { Step } from "../../../shared/task/step.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, testConsumer, toolCall } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const reads = (count: number) => ({
  calls: Array.from({ length: count }, (_, n) => ({
    name: "list_files",
    arguments: { path: `folder${n}` },
  })),
});
const writes = (count: number) => ({
  calls: Array.from({ length: count }, (_, n) => ({
    name: "write_file",
    arguments: { path: `file${n}`, content: "x" },
  })),
});
const unknowns = (count: number) => ({
  calls: Array.from({ length: count }, (_, n) => ({ name: `teleport${n}`, arguments: {} })),
});
const usageOf = (row: TaskRow): Record<string, number> => JSON.parse(row.usage);

/** Each reply asks for more than the budget allows, and the task still gives its answer. */
const cases: [what: string, task: DurableTask, used: Record<string, number>][] = [
  [
    "reads more than its tool calls allow",
    { prompt: "p", limits: { tool_calls: 1 }, rehearsal: [reads(20), finalAnswer()] },
    { tool_calls: 1, steps: 3 },
  ],
  [
    "reads more than its steps allow",
    { prompt: "p", limits: { steps: 4 }, rehearsal: [reads(20), finalAnswer()] },
    { tool_calls: 2, steps: 4 },
  ],
  [
    "writes more than its steps allow",
    { prompt: "p", limits: { steps: 4 }, rehearsal: [writes(10), finalAnswer()] },
    { tool_calls: 2, steps: 4 },
  ],
  [
    "calls more missing tools than its steps allow",
    { prompt: "p", limits: { steps: 4 }, rehearsal: [unknowns(20), finalAnswer()] },
    { tool_calls: 0, steps: 4 },
  ],
  [
    "calls a tool when only an answer fits",
    { prompt: "p", limits: { steps: 2 }, rehearsal: [toolCall("list_files", {}), finalAnswer()] },
    { tool_calls: 0, steps: 2 },
  ],
];

test.each(cases)(
  "a task that %s stays within its budget and answers",
  async (_case, task, usage) => {
    const row = await runTask(task);
    expect([row.status, row.reason]).toEqual(["succeeded", "completed"]);
    expect(usageOf(row)).toMatchObject(usage);
  },
);

test("calls beyond the budget are refused in one write", async () => {
  const row = await runTask({
    prompt: "p",
    limits: { steps: 4 },
    rehearsal: [writes(10), finalAnswer()],
  });
  const tools = (await readSteps(row.id)).filter((step) => step.payload.kind === "tool");
  expect(tools.map((step) => step.status)).toEqual([
    ...["done", "done"],
    ...Array.from({ length: 8 }, () => "refused"),
  ]);
});

test("an answer next to calls beyond the budget is accepted", async () => {
  const turn = { calls: [...writes(3).calls, ...finalAnswer({ text: "kept" }).calls] };
  const row = await runTask({ prompt: "p", limits: { tool_calls: 1 }, rehearsal: [turn] });
  expect([row.status, JSON.parse(row.output ?? "")]).toEqual(["succeeded", { text: "kept" }]);
});

/** Longer than a test may take, so only the limit can end the wait. */
const delay_ms = 240_000;

test("limits.seconds stops a model call", async () => {
  const row = await runTask({
    prompt: "p",
    limits: { seconds: 0.3 },
    rehearsal: [{ ...finalAnswer(), delay_ms }],
  });
  expect([row.status, row.reason]).toEqual(["failed", "budget_seconds"]);
});

test("limits.seconds stops a program", async () => {
  const code = "await new Promise((resolve) => setTimeout(resolve, 240_000)); 'late'";
  const row = await runTask({
    prompt: "p",
    limits: { seconds: 0.7 },
    rehearsal: [toolCall("run_code", { code }), { ...finalAnswer(), delay_ms }],
  });
  expect([row.status, row.reason]).toEqual(["failed", "budget_seconds"]);
  expect(JSON.stringify(await readSteps(row.id))).not.toContain('"text":"late"');
});

const policies = JSON.stringify({ open: JSON.stringify({ rules: [{ host: "a.example" }] }) });
const fetches = Array.from({ length: 4 }, (_, n) =>
  toolCall("fetch_url", { url: `https://a.example/${n}` }),
);
const runWithEgressLimit = (rehearsal: NonNullable<DurableTask["rehearsal"]>, requests = 1) => {
  vi.stubGlobal("fetch", async () => new Response("ok"));
  return runTask(
    { prompt: "p", policy: "open", limits: { egress_requests: requests }, rehearsal },
    { consumer: testConsumer({ FLEET_POLICIES: policies }) },
  );
};
const offeredIn = (steps: readonly Step[]) =>
  steps.flatMap(({ payload }) => (payload.kind === "model" ? [payload.offered] : []));

test("a task must give its answer after a request beyond its egress budget", async () => {
  const row = await runWithEgressLimit([...fetches.slice(0, 2), finalAnswer()]);
  expect([row.status, row.reason]).toEqual(["succeeded", "completed"]);
  expect(offeredIn(await readSteps(row.id))).toEqual(["tools", "tools", "final_answer"]);
});

test("a task that continues to request after that settles as `budget_egress`", async () => {
  const row = await runWithEgressLimit(fetches);
  expect([row.status, row.reason]).toEqual(["failed", "budget_egress"]);
  expect(JSON.parse(row.error ?? "").message).toContain("egress_requests");
});

test("a task that uses exactly its egress budget keeps its tools", async () => {
  const row = await runWithEgressLimit([
    ...fetches.slice(0, 1),
    toolCall("list_files", {}),
    finalAnswer(),
  ]);
  expect([row.status, row.reason]).toEqual(["succeeded", "completed"]);
  expect(offeredIn(await readSteps(row.id))).toEqual(["tools", "tools", "tools"]);
});
