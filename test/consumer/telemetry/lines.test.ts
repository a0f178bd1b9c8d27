/** The canonical log lines of a task: one for each step, one for its end. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

let lines: Record<string, unknown>[] = [];

beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: unknown) => {
    lines.push(JSON.parse(String(line)) as Record<string, unknown>);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const linesOf = (event: string) => lines.filter((line) => line.event === event);

test("each step has one line, an intent has none, and the end of the task has one", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      toolCall("write_file", { path: "a", content: "b" }),
      toolCall("fetch_url", { url: "https://nowhere.example/", method: "POST", body: "{}" }),
      finalAnswer(),
    ],
  });
  const steps = await readSteps(row.id);
  expect(linesOf("step").map(({ seq, name, kind }) => [seq, name, kind])).toEqual(
    steps.map(({ seq, name, payload }) => [seq, name, payload.kind]),
  );
  expect(linesOf("task_settled")).toEqual([
    expect.objectContaining({
      task_id: row.id,
      tenant: "default",
      status: "succeeded",
      reason: "completed",
      error: null,
      model: "rehearsal",
      steps: steps.length,
      model_calls: 3,
    }),
  ]);
});

test("the line of a model step has its usage and its finish reason", async () => {
  await runTask({ prompt: "p", rehearsal: [finalAnswer()] });
  const [line] = linesOf("step");
  expect(line).toMatchObject({ kind: "model", status: "done", finish: "calls", error: null });
  expect(line?.prompt_tokens).toBeGreaterThan(0);
});

test("no line contains text of the model or the task, including the name of a made-up tool", async () => {
  await runTask({
    prompt: "marker-prompt",
    rehearsal: [
      toolCall("marker_tool", { a: "marker-argument" }),
      toolCall("write_file", { path: "marker-path", content: "marker" }),
      finalAnswer({ text: "marker-answer" }),
    ],
  });
  expect(linesOf("step")).toHaveLength(5);
  expect(JSON.stringify(lines)).not.toContain("marker");
});
