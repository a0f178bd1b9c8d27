import { afterEach, expect, test, vi } from "vitest";
import type { Step } from "../../../shared/step.ts";
import type { TaskRow } from "../../../shared/store/task_row.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { bench, call, finish, runTask, stepsOf } from "../harness.ts";

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

/** Each says more in one reply than its budget lets it do, and is still asked for its answer. */
const cases: [what: string, task: DurableTask, used: Record<string, number>][] = [
  [
    "reads beyond its tool calls",
    { prompt: "p", limits: { tool_calls: 1 }, rehearsal: [reads(20), finish()] },
    { tool_calls: 1, steps: 3 },
  ],
  [
    "reads beyond its steps",
    { prompt: "p", limits: { steps: 4 }, rehearsal: [reads(20), finish()] },
    { tool_calls: 2, steps: 4 },
  ],
  [
    "writes beyond its steps",
    { prompt: "p", limits: { steps: 4 }, rehearsal: [writes(10), finish()] },
    { tool_calls: 2, steps: 4 },
  ],
  [
    "calls tools that do not exist beyond its steps",
    { prompt: "p", limits: { steps: 4 }, rehearsal: [unknowns(20), finish()] },
    { tool_calls: 0, steps: 4 },
  ],
  [
    "calls a tool where only an answer fits",
    { prompt: "p", limits: { steps: 2 }, rehearsal: [call("list_files", {}), finish()] },
    { tool_calls: 0, steps: 2 },
  ],
];

test.each(cases)("a task that %s keeps its bound and answers", async (_what, task, used) => {
  const row = await runTask(task);
  expect([row.status, row.reason]).toEqual(["succeeded", "completed"]);
  expect(usageOf(row)).toMatchObject(used);
});

test("calls that do not fit are answered in one write, so that none is left open", async () => {
  const row = await runTask({
    prompt: "p",
    limits: { steps: 4 },
    rehearsal: [writes(10), finish()],
  });
  const tools = (await stepsOf(row.id)).filter((step) => step.payload.kind === "tool");
  expect(tools.map((step) => step.status)).toEqual([
    ...["done", "done"],
    ...Array.from({ length: 8 }, () => "refused"),
  ]);
});

test("an answer beside calls that do not fit is taken", async () => {
  const both = { calls: [...writes(3).calls, ...finish({ text: "kept" }).calls] };
  const row = await runTask({ prompt: "p", limits: { tool_calls: 1 }, rehearsal: [both] });
  expect([row.status, JSON.parse(row.output ?? "")]).toEqual(["succeeded", { text: "kept" }]);
});

test("limits.seconds cuts a model call that takes longer", async () => {
  const row = await runTask({
    prompt: "p",
    limits: { seconds: 0.3 },
    rehearsal: [{ ...finish(), delay_ms: 3_000 }],
  });
  expect([row.status, row.reason]).toEqual(["failed", "budget_seconds"]);
  expect(usageOf(row).seconds).toBeLessThan(1.5);
});

test("limits.seconds cuts a program that waits longer", async () => {
  const code = "await new Promise((resolve) => setTimeout(resolve, 1900)); 'late'";
  const row = await runTask({
    prompt: "p",
    limits: { seconds: 0.7 },
    rehearsal: [call("run_code", { code }), { ...finish(), delay_ms: 1_000 }],
  });
  expect([row.status, row.reason]).toEqual(["failed", "budget_seconds"]);
  expect(JSON.stringify(await stepsOf(row.id))).not.toContain('"text":"late"');
});

const policies = JSON.stringify({ open: JSON.stringify({ rules: [{ host: "a.example" }] }) });
const fetches = Array.from({ length: 4 }, (_, n) =>
  call("fetch_url", { url: `https://a.example/${n}` }),
);
const fetching = (rehearsal: NonNullable<DurableTask["rehearsal"]>, requests = 1) => {
  vi.stubGlobal("fetch", async () => new Response("ok"));
  return runTask(
    { prompt: "p", policy: "open", limits: { egress_requests: requests }, rehearsal },
    { bench: bench({ FLEET_POLICIES: policies }) },
  );
};
const offered = (steps: readonly Step[]) =>
  steps.flatMap(({ payload }) => (payload.kind === "model" ? [payload.offered] : []));

test("a task whose request was refused for its egress budget is asked for its answer", async () => {
  const row = await fetching([...fetches.slice(0, 2), finish()]);
  expect([row.status, row.reason]).toEqual(["succeeded", "completed"]);
  expect(offered(await stepsOf(row.id))).toEqual(["tools", "tools", "final_answer"]);
});

test("a task that goes on requesting after that settles as budget_egress", async () => {
  const row = await fetching(fetches);
  expect([row.status, row.reason]).toEqual(["failed", "budget_egress"]);
  expect(JSON.parse(row.error ?? "").message).toContain("egress_requests");
});

test("a task that uses exactly its egress budget keeps its tools", async () => {
  const row = await fetching([...fetches.slice(0, 1), call("list_files", {}), finish()]);
  expect([row.status, row.reason]).toEqual(["succeeded", "completed"]);
  expect(offered(await stepsOf(row.id))).toEqual(["tools", "tools", "tools"]);
});
