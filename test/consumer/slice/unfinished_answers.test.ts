/** Only a finished answer ends a task as succeeded, even where any text would be an answer. */
import { describe, expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { runTask } from "../harness.ts";

const replies = 12;

/** Every model call of the task is answered with this choice. */
const repeated = (choice: object): DurableTask => ({
  prompt: "p",
  limits: { model_calls: 10 },
  attempts: 1,
  rehearsal: Array.from({ length: replies }, () => ({
    raw: { choices: [{ index: 0, ...choice }] },
  })),
});

const saying = (content: string, finish_reason: unknown = "stop") => ({
  message: { role: "assistant", content },
  finish_reason,
});

describe("a task whose model keeps sending", () => {
  test.each<[string, object, string]>([
    ["an unknown reason to stop", saying("The lamps number thir", "eloped"), "invalid_output"],
    ["announced calls that are absent", saying("First the bell:", "tool_calls"), "invalid_output"],
    [
      "calls of a tool that there is not",
      saying('<tool_call>{"name":"ring","arguments":{}}</tool_call>'),
      "invalid_output",
    ],
    ["a call that is broken off", saying('<|tool_call_start|>[run_code(code="1'), "invalid_output"],
    ["only an opening mark", saying("I will ring.\n<tool_call>"), "invalid_output"],
    ["JSON of a call that is broken off", saying('{"name":"run_code","argum'), "invalid_output"],
    ["reasoning that never ends", saying("<think>Nine plus"), "invalid_output"],
    [
      "raw tokens of an unknown dialect",
      saying("<|quux_begin|>run_code{}<|quux_end|>"),
      "invalid_output",
    ],
    ["a filtered text", saying("The lamps", "SAFETY"), "model_refused"],
    ["an aborted text", saying("The lamps", "abort"), "attempts_exhausted"],
    [
      "a text with an engine's error",
      saying("The lamps", "insufficient_system_resource"),
      "attempts_exhausted",
    ],
  ])("%s", async (_name, choice, reason) => {
    const row = await runTask(repeated(choice));
    expect(row.status).not.toBe("succeeded");
    expect(row.reason).toBe(reason);
  });

  test("unread calls keeps its draft", async () => {
    const row = await runTask(repeated(saying("I will ring.\n<tool_call>")));
    expect(JSON.parse(row.error ?? "{}")).toMatchObject({
      draft: expect.stringContaining("I will ring."),
    });
  });
});

test("a reply that cannot be read is asked for again, and the next one counts", async () => {
  const row = await runTask({
    prompt: "p",
    rehearsal: [
      { raw: { choices: [saying("First the bell:", "tool_calls")] } },
      { raw: { choices: [saying("The lamps number thirteen.", "stop")] } },
    ],
  });
  expect(row).toMatchObject({ status: "succeeded", reason: "completed" });
});
