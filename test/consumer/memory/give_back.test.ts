import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { readConfig } from "../../../consumer/config/config.ts";
import { ByteBudget } from "../../../consumer/memory/byte_budget.ts";
import { runSlice } from "../../../consumer/slice/run_slice.ts";
import { finishSlice } from "../../../consumer/slice/settle.ts";
import { memoryLimits } from "../../../shared/limits.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { acceptTask, finalAnswer, readRow, readSteps, testConsumer, toolCall } from "../harness.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The time that a task waits for room is over at once. */
function skipWaits(): void {
  const realSetTimeout = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, ms = 0) =>
    realSetTimeout(run, ms === memoryLimits.waitMsMax ? 0 : ms)) as typeof setTimeout);
}

const task: DurableTask = {
  prompt: "p",
  rehearsal: [toolCall("list_files", {}), finalAnswer()],
};

/** Runs one slice of a task in an isolate with this memory. */
async function runOnce(id: string, budget: ByteBudget): Promise<void> {
  const config = await readConfig(testConsumer().env);
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  const claimed = await claimTask(env.DB, id, "{}");
  if (claimed === null) throw new Error("the task is not claimable");
  const share = budget.open();
  await finishSlice(config, claimed, await runSlice(config, claimed, share));
  share.close();
}

test("a task that finds no room is given back without an attempt, and continues when there is room", async () => {
  skipWaits();
  const budget = new ByteBudget(1_000_000);
  const other = budget.open();
  await other.admit(2_000_000, {});
  const id = await acceptTask(task);
  await runOnce(id, budget);
  expect(await readRow(id)).toMatchObject({ status: "queued", attempt: 0, errors: "[]" });
  expect(await readSteps(id)).toEqual([]);
  other.close();
  await runOnce(id, budget);
  expect(await readRow(id)).toMatchObject({ status: "succeeded", attempt: 0 });
});

test("the only task of an isolate proceeds, however much it holds", async () => {
  const id = await acceptTask({ ...task, files: { "a.txt": { text: "x".repeat(100_000) } } });
  await runOnce(id, new ByteBudget(1_000));
  expect(await readRow(id)).toMatchObject({ status: "succeeded" });
});

test("a task yields after a turn while others need the memory, and loses nothing", async () => {
  skipWaits();
  const budget = new ByteBudget(memoryLimits.taskBytes + 600_000);
  const first = budget.open();
  const long = "x".repeat(160_000);
  const writing = toolCall("write_file", { path: "a.txt", content: long });
  const id = await acceptTask({ prompt: "p", rehearsal: [writing, writing, finalAnswer()] });
  await runOnce(id, budget);
  expect(await readRow(id)).toMatchObject({ status: "queued", attempt: 0 });
  first.close();
  await runOnce(id, budget);
  expect(await readRow(id)).toMatchObject({ status: "succeeded", attempt: 0 });
  expect((await readSteps(id)).map(({ name }) => name)).toEqual([
    "rehearsal",
    "write_file",
    "rehearsal",
    "write_file",
    "rehearsal",
  ]);
});

test("a reply that finds no room is broken off, and its task is given back without an attempt", async () => {
  skipWaits();
  const budget = new ByteBudget(memoryLimits.taskBytes + 600_000);
  const first = budget.open();
  const content = "x".repeat(400_000);
  const id = await acceptTask({
    prompt: "p",
    rehearsal: [toolCall("write_file", { path: "a.txt", content }), finalAnswer()],
  });
  await runOnce(id, budget);
  expect(await readRow(id)).toMatchObject({ status: "queued", attempt: 0, errors: "[]" });
  first.close();
  await runOnce(id, budget);
  expect(await readRow(id)).toMatchObject({ status: "succeeded", attempt: 0 });
});
