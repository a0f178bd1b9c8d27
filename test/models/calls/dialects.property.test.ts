import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { offer, request } from "../request.ts";
import type { ExpectedCall, Renderer } from "./render/renderer.ts";
import { renderers } from "./render/renderers.ts";

const probe = offer("probe", {
  text: { type: "string" },
  count: { type: "integer" },
  ratio: { type: "number" },
  flag: { type: "boolean" },
  list: { type: "array", items: { type: "string" } },
  deep: { type: "object", additionalProperties: true },
});

const runs = 60;

function callsFor({ cannot, needsTypes }: Renderer): fc.Arbitrary<ExpectedCall[]> {
  const text = fc
    .oneof(
      fc.string({ unit: "grapheme", maxLength: 20 }),
      fc.constantFrom("42", "true", "null", "[1]", '{"a":1}', "\\d+", "a\nb\n", "'\"", "  x "),
    )
    .filter((value) => cannot === undefined || !cannot.test(value));
  const number = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Object.is(value, -0));
  const key = fc.stringMatching(/^[a-z_]{1,8}$/).filter((name) => name !== "__proto__");
  const args = fc.record(
    {
      text,
      count: fc.integer(),
      ratio: number,
      flag: fc.boolean(),
      list: fc.array(text, { maxLength: 3 }),
      deep: fc.dictionary(key, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text)), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    },
    { requiredKeys: ["text"], noNullPrototype: true },
  );
  const typed = needsTypes ? args.map(({ deep: _, ...others }) => others) : args;
  return fc.array(
    typed.map((value): ExpectedCall => ({ name: "probe", arguments: value })),
    { minLength: 1, maxLength: 3 },
  );
}

describe("any call comes back from the text it was written into", () => {
  test.each(renderers.map((renderer) => [renderer.family, renderer] as const))(
    "%s",
    (_name, renderer) => {
      fc.assert(
        fc.property(callsFor(renderer), (calls) => {
          const body = { choices: [{ message: { content: renderer.render(calls) } }] };
          const outcome = normalise(body, request({ tools: [probe] }), 0);
          expect(outcome.ok).toBe(true);
          if (!outcome.ok) return;
          const readCalls = outcome.reply.calls.map(({ name, arguments: args }) => ({
            name,
            arguments: args,
          }));
          expect(readCalls).toEqual(calls);
          expect(outcome.reply.calls.every((call) => call.problem === null)).toBe(true);
        }),
        { numRuns: runs },
      );
    },
  );
});

test("no body at all makes the normaliser throw", () => {
  const shaped = fc.record(
    {
      choices: fc.anything(),
      message: fc.anything(),
      response: fc.anything(),
      output: fc.anything(),
      result: fc.anything(),
      error: fc.anything(),
      tool_calls: fc.anything(),
      usage: fc.anything(),
      done: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const jsonOnly = (value: unknown): unknown => {
    try {
      return JSON.parse(JSON.stringify(value) ?? "null");
    } catch {
      return null;
    }
  };
  fc.assert(
    fc.property(fc.oneof(fc.anything(), shaped).map(jsonOnly), (body) => {
      expect(typeof normalise(body, request(), 0).ok).toBe("boolean");
    }),
    { numRuns: 500 },
  );
});

test("extraction never throws and returns only offered names, for any text", () => {
  const pieces = fc.constantFrom(
    "<tool_call>",
    "</tool_call>",
    "read_file",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "path",
    '{"name":"read_file","arguments":',
    "{}",
    "}",
    "{",
    "[",
    "]",
    "<function=",
    ">",
    "</function>",
    "<parameter=",
    "</parameter>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "<|tool_call_begin|>",
    "<|tool_call_end|>",
    "<|tool_call_argument_begin|>",
    "to=functions.",
    "<|message|>",
    "<|channel|>",
    "commentary",
    "```",
    "```tool_code\n",
    "\n",
    "`",
    '"',
    "'",
    "\\",
    "(",
    ")",
    "=",
    ",",
    "<think>",
    "</think>",
    "<|tool_call>call:",
    "<tool_call|>",
    '<|"|>',
    "call:",
    ":",
    "1",
    "None",
    '<invoke name="',
    '">',
    "</invoke>",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      const body = { choices: [{ message: { content: parts.join("") } }] };
      const outcome = normalise(body, request(), 0);
      expect(outcome.ok).toBe(true);
      if (!outcome.ok) return;
      const toolNames = request().tools.map((tool) => tool.name);
      for (const call of outcome.reply.calls) expect(toolNames).toContain(call.name);
    }),
    { numRuns: 1_000 },
  );
});
