/** JSON of a model or its program that is nested so deep that recursive code would overflow the stack. */
import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

const nest = (levels: number) => `${"[".repeat(levels)}1${"]".repeat(levels)}`;

/** A raw reply of an endpoint: a call, or text when `name` is empty. */
const rawReply = (name: string, args: unknown, content: string | null = null) =>
  ({
    raw: {
      choices: [
        {
          message: {
            role: "assistant",
            content,
            ...(name === ""
              ? {}
              : {
                  tool_calls: [{ id: "c", type: "function", function: { name, arguments: args } }],
                }),
          },
          finish_reason: name === "" ? "stop" : "tool_calls",
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    },
  }) as const;

const run = (turns: unknown[], overrides: DurableTask = {}) =>
  runTask({ prompt: "p", rehearsal: turns as NonNullable<DurableTask["rehearsal"]>, ...overrides });

const stepsText = async (id: string): Promise<string> => JSON.stringify(await readSteps(id));

test("a call with arguments nested too deep is refused, and the task continues", async () => {
  const args = `{"path": "a", "content": "b", "x": ${nest(6_000)}}`;
  const row = await run([rawReply("write_file", args), finalAnswer()]);
  expect([row.status, row.errors]).toEqual(["succeeded", "[]"]);
  expect(await stepsText(row.id)).toContain("levels deep");
});

test.each([
  ["a call", rawReply("final_answer", `{"a": ${nest(6_000)}}`)],
  ["text", rawReply("", null, `{"a": ${nest(6_000)}}`)],
])("an answer nested too deep, as %s, is not accepted", async (_name, turn) => {
  const answer = { calls: [{ name: "final_answer", arguments: { a: 1 } }] };
  const row = await run([turn, answer], { output_schema: { type: "object" } });
  expect([row.status, row.output]).toEqual(["succeeded", '{"a":1}']);
});

test("an answer of ordinary depth is accepted", async () => {
  const row = await run([rawReply("final_answer", `{"a": ${nest(60)}}`)], {
    output_schema: { type: "object" },
  });
  expect([row.status, row.output]).toEqual(["succeeded", `{"a":${nest(60)}}`]);
});

test.each([
  ["returns", "deep"],
  [
    "passes to a tool",
    'try { await write_file({path: "a", content: deep}) } catch (e) { "refused" }',
  ],
  ["prints", "console.log(deep)"],
])("a program that %s a value nested too deep does not fail the task", async (_name, last) => {
  const code = `let deep = 1; for (let n = 0; n < 6000; n++) deep = [deep];\n${last}`;
  const row = await run([toolCall("run_code", { code }), finalAnswer()]);
  expect([row.status, row.attempt, row.errors]).toEqual(["succeeded", 0, "[]"]);
});
