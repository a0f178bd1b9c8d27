/** JSON that a model or its program nests so deep that whoever walks it recursively would break. */
import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task.ts";
import { call, finish, runTask, stepsOf } from "../harness.ts";

const nested = (levels: number) => `${"[".repeat(levels)}1${"]".repeat(levels)}`;

/** A reply as an endpoint sends it: a call, or text where it names no tool. */
const replied = (name: string, args: unknown, content: string | null = null) =>
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

const run = (turns: unknown[], more: DurableTask = {}) =>
  runTask({ prompt: "p", rehearsal: turns as NonNullable<DurableTask["rehearsal"]>, ...more });

const said = async (id: string): Promise<string> => JSON.stringify(await stepsOf(id));

test("a call whose arguments nest too deep is refused, and the task goes on", async () => {
  const args = `{"path": "a", "content": "b", "x": ${nested(6_000)}}`;
  const row = await run([replied("write_file", args), finish()]);
  expect([row.status, row.errors]).toEqual(["succeeded", "[]"]);
  expect(await said(row.id)).toContain("levels deep");
});

test.each([
  ["a call", replied("final_answer", `{"a": ${nested(6_000)}}`)],
  ["text", replied("", null, `{"a": ${nested(6_000)}}`)],
])("an answer that nests too deep, as %s, is none", async (_name, turn) => {
  const answer = { calls: [{ name: "final_answer", arguments: { a: 1 } }] };
  const row = await run([turn, answer], { output_schema: { type: "object" } });
  expect([row.status, row.output]).toEqual(["succeeded", '{"a":1}']);
});

test("an answer of ordinary depth is one", async () => {
  const row = await run([replied("final_answer", `{"a": ${nested(60)}}`)], {
    output_schema: { type: "object" },
  });
  expect([row.status, row.output]).toEqual(["succeeded", `{"a":${nested(60)}}`]);
});

test.each([
  ["answers", "deep"],
  [
    "hands to a tool",
    'try { await write_file({path: "a", content: deep}) } catch (e) { "refused" }',
  ],
  ["prints", "console.log(deep)"],
])("a program that %s what nests too deep ends like any other", async (_name, last) => {
  const code = `let deep = 1; for (let n = 0; n < 6000; n++) deep = [deep];\n${last}`;
  const row = await run([call("run_code", { code }), finish()]);
  expect([row.status, row.attempt, row.errors]).toEqual(["succeeded", 0, "[]"]);
});
