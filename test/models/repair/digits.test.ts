import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { bodyValue } from "../../../consumer/models/reply/reply_body.ts";
import { offer, request } from "../request.ts";

const tools = [
  offer("by_number", { order: { type: "integer" } }, { required: ["order"] }),
  offer("by_text", { order: { type: "string" } }, { required: ["order"] }),
];
const digits = "6100200300400500601";

/** A reply with one call, as the bytes of a body: its arguments as text or as a value. */
function callOf(name: string, args: string, isParsed: boolean) {
  const sent = isParsed ? args : JSON.stringify(args);
  const text = `{"choices":[{"finish_reason":"tool_calls","message":{"tool_calls":[{"id":"a","function":{"name":"${name}","arguments":${sent}}}]}}]}`;
  const outcome = normalise(bodyValue(text), request({ tools }), 0);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.reply.calls[0];
}

describe.each([
  ["text", false],
  ["a value", true],
])("digits beyond 2^53 in arguments as %s", (_name, isParsed) => {
  test("reach a tool that takes text, all of them", () => {
    const call = callOf("by_text", `{"order":${digits}}`, isParsed);
    expect(call).toMatchObject({ problem: null, arguments: { order: digits } });
  });

  test("are refused for a tool that takes a number", () => {
    const call = callOf("by_number", `{"order":${digits}}`, isParsed);
    expect(call?.problem).toContain("order");
    expect(call?.problem).not.toBeNull();
    if (!isParsed) expect(call?.problem).toContain("write it as a string");
  });

  test("numbers below 2^53 stay numbers", () => {
    const call = callOf("by_number", '{"order":9007199254740991}', isParsed);
    expect(call).toMatchObject({ problem: null, arguments: { order: 9_007_199_254_740_991 } });
  });
});

test("a program that is sent in a fence runs without it", () => {
  const run = offer("run_code", { code: { type: "string" } }, { required: ["code"] });
  const codes: [string, string][] = [
    ["```js\nconsole.log(1)\n```", "console.log(1)"],
    ["```\nconsole.log(1)\n```\n", "console.log(1)"],
    ["~~~javascript\r\nconsole.log(1)\r\n~~~", "console.log(1)"],
    ["Here:\n```js\nconsole.log(1)\n```", "Here:\n```js\nconsole.log(1)\n```"],
    ["const md = `\n```js\nx\n```\n`", "const md = `\n```js\nx\n```\n`"],
    ["```js\na()\n```\nthen\n```js\nb()\n```", "```js\na()\n```\nthen\n```js\nb()\n```"],
  ];
  for (const [code, expected] of codes) {
    const body = {
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            tool_calls: [
              { id: "a", function: { name: "run_code", arguments: JSON.stringify({ code }) } },
            ],
          },
        },
      ],
    };
    const outcome = normalise(body, request({ tools: [run] }), 0);
    const reply = outcome.ok ? outcome.reply : null;
    expect(reply?.calls[0]?.arguments).toEqual({ code: expected });
    expect(reply?.quirks.includes("code_fence_removed")).toBe(code !== expected);
  }
});
