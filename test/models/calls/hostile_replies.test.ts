import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { cpuMsOf } from "../../cpu_time.ts";
import { request } from "../request.ts";
import { renderers } from "./render/renderers.ts";

const chars = 100_000;
const cpuMsMax = 200;
const filled = (start: string, part: string) =>
  start + part.repeat(Math.ceil(chars / part.length)).slice(0, chars);

/** Each was once read in seconds, or never to its end. */
const known: [string, string][] = [
  ["", "<|python_tag|>"],
  ["", "<|python_tag|><|"],
  ["<|python_tag|>", "[THINK]"],
  ["<|python_tag|>", "[TOOL_CALLS]"],
  ["[", "{}{}"],
  ["[", "[1,2]"],
  ["<tool_call>", "\n"],
  ["{", '\\"'],
];
const starts = ["", "[", "<tool_call>"];
const parts = ["<tool_call>{", "[TOOL_CALLS]a{", "</think>", "\n<think>", "commentary to=a {", "`"]
  .concat(['<|tool_call>call:a{b:<|"|>', "\n>>>a\n{", "✿FUNCTION✿: a\n✿ARGS✿: {", "[],", "0"])
  .concat(["<function=a><parameter=", "a(b=[", "Action:```json\n[", "<|tool_call_start|>[a("]);

function costs(text: string): number {
  const called = {
    content: "",
    tool_calls: [{ id: "a", function: { name: "read_file", arguments: text } }],
  };
  return Math.max(
    ...[{ content: text }, called].map((message) =>
      cpuMsOf(() => normalise({ choices: [{ finish_reason: "stop", message }] }, request(), 0)),
    ),
  );
}

describe(`a reply of ${chars} characters costs under ${cpuMsMax} ms, as text and as arguments`, () => {
  test.each(known)("%j, then %j without end", (start, part) => {
    expect(costs(filled(start, part))).toBeLessThan(cpuMsMax);
  });

  test.each(starts)("%j and the tokens of a family", (start) => {
    for (const part of parts) expect([part, costs(filled(start, part))]).toSatisfy(isQuick);
  });

  test("half a call of each family, again and again", () => {
    for (const { family, render } of renderers) {
      const whole = render([{ name: "read_file", arguments: { path: "a", limit: 3 } }]);
      const half = whole.slice(0, Math.floor(whole.length / 2));
      const body = { choices: [{ message: { content: filled("", half) } }] };
      expect([family, cpuMsOf(() => normalise(body, request(), 0))]).toSatisfy(isQuick);
    }
  });
});

const isQuick = ([, ms]: [string, number]) => ms < cpuMsMax;
