/** The canonical lines of a task's work in the log: one for each step, one for its end. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call, finish, runTask, stepsOf } from "../harness.ts";

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

const of = (event: string) => lines.filter((line) => line.event === event);

test("each step has one line, an effect's intent none of its own, and the end has one", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      call("write_file", { path: "a", content: "b" }),
      call("fetch_url", { url: "https://nowhere.example/", method: "POST", body: "{}" }),
      finish(),
    ],
  });
  const steps = await stepsOf(row.id);
  expect(of("step").map(({ seq, name, kind }) => [seq, name, kind])).toEqual(
    steps.map(({ seq, name, payload }) => [seq, name, payload.kind]),
  );
  expect(of("task_settled")).toEqual([
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

test("a model's step says what it used and how it ended", async () => {
  await runTask({ prompt: "p", rehearsal: [finish()] });
  const [line] = of("step");
  expect(line).toMatchObject({ kind: "model", status: "done", finish: "calls", error: null });
  expect(line?.prompt_tokens).toBeGreaterThan(0);
});

test("no line repeats what a model or a task said, the name of a made-up tool included", async () => {
  await runTask({
    prompt: "marker-prompt",
    rehearsal: [
      call("marker_tool", { a: "marker-argument" }),
      call("write_file", { path: "marker-path", content: "marker" }),
      finish({ text: "marker-answer" }),
    ],
  });
  expect(of("step")).toHaveLength(5);
  expect(JSON.stringify(lines)).not.toContain("marker");
});
