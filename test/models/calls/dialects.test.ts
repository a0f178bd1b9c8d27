import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import type { Reply } from "../../../shared/models/model.ts";
import { request } from "../request.ts";
import type { ExpectedCall, Renderer } from "./render/renderer.ts";
import { renderers } from "./render/renderers.ts";

function readReply(content: string, finish = "stop"): Reply {
  const body = { choices: [{ finish_reason: finish, message: { role: "assistant", content } }] };
  const outcome = normalise(body, request(), 0);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.reply;
}

const oneCall: ExpectedCall = { name: "read_file", arguments: { path: "src/a b.ts", limit: 3 } };
const two: ExpectedCall = {
  name: "search",
  arguments: {
    query: "cats & 'dogs' \\d+",
    tags: ["x", "42"],
    filter: { year: 2020, exact: true },
    size: -1.5,
  },
};
const digits: ExpectedCall = { name: "write_file", arguments: { path: "n", content: "42" } };
const unknown: ExpectedCall = { name: "explode", arguments: { path: "a" } };
const paying: ExpectedCall = { name: "pay", arguments: { amount: 5, to: "me" } };

interface Damage {
  name: string;
  /** Null where this damage does not apply to the family. */
  text(renderer: Renderer): string | null;
  finish?: string;
  calls: readonly ExpectedCall[];
}

/** Families without markers are recognised only as the whole text. */
const markText = (renderer: Renderer, text: string) => (renderer.isWholeText ? null : text);

const extracted: readonly Damage[] = [
  { name: "one call", text: (r) => r.render([oneCall]), calls: [oneCall] },
  { name: "two calls", text: (r) => r.render([oneCall, two]), calls: [oneCall, two] },
  { name: "text that looks like a number", text: (r) => r.render([digits]), calls: [digits] },
  { name: "space around", text: (r) => `\n\n  ${r.render([oneCall])}  \n`, calls: [oneCall] },
  {
    name: "prose on the lines before",
    text: (r) => markText(r, `I will read it now.\n\n${r.render([two])}`),
    calls: [two],
  },
  {
    name: "reasoning before",
    text: (r) => `<think>I should read it.</think>\n${r.render([oneCall])}`,
    calls: [oneCall],
  },
];

const rejectedCases: readonly Damage[] = [
  { name: "a name that no tool has", text: (r) => r.render([unknown]), calls: [] },
  {
    name: "a block that is cut in the middle",
    text: (r) => {
      const rendered = r.render([two]);
      return rendered.slice(0, Math.floor(rendered.length * 0.6));
    },
    calls: [],
  },
  {
    name: "a reply cut at the limit",
    text: (r) => r.render([oneCall]),
    finish: "length",
    calls: [],
  },
  {
    name: "a call inside reasoning",
    text: (r) => `<think>${r.render([oneCall])}</think>\nDone.`,
    calls: [],
  },
  {
    name: "a call inside reasoning that never ends",
    text: (r) => `<think>Perhaps ${r.render([oneCall])}`,
    calls: [],
  },
  {
    name: "a call in a sentence that continues",
    text: (r) => `Write ${r.render([oneCall])} and wait for the answer.`,
    calls: [],
  },
  {
    name: "a call given as an example",
    text: (r) => `Calls have a syntax, for example ${r.render([oneCall])}`,
    calls: [],
  },
];

function matrix(
  damages: readonly Damage[],
): [string, string, string | undefined, readonly ExpectedCall[]][] {
  return renderers.flatMap((renderer) =>
    damages.flatMap((damage): [string, string, string | undefined, readonly ExpectedCall[]][] => {
      const text = damage.text(renderer);
      return text === null
        ? []
        : [[`${renderer.family}: ${damage.name}`, text, damage.finish, damage.calls]];
    }),
  );
}

describe("a call written as text is found", () => {
  test.each(matrix(extracted))("%s", (_name, text, finish, calls) => {
    const reply = readReply(text, finish);
    expect(reply.calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(
      calls,
    );
    expect(reply.calls.every((call) => call.problem === null)).toBe(true);
    expect(reply.finish).toBe("calls");
    expect(reply.text).not.toMatch(/[<{[]/);
  });
});

describe("what is not a call stays text", () => {
  test.each(matrix(rejectedCases))("%s", (_name, text, finish) => {
    expect(readReply(text, finish).calls).toEqual([]);
  });
});

describe("a tool with effects is never run from text", () => {
  test.each(renderers.map((renderer) => [renderer.family, renderer] as const))(
    "%s",
    (_name, renderer) => {
      const [call] = readReply(renderer.render([paying])).calls;
      expect(call?.name).toBe("pay");
      expect(call?.arguments).toBeNull();
      expect(call?.problem).toContain("written as text");
    },
  );
});

describe("wounded calls of one family or another", () => {
  const rows: [string, string, readonly ExpectedCall[]][] = [
    [
      "Hermes without its end, which engines eat",
      `<tool_call>\n${JSON.stringify(oneCall)}`,
      [oneCall],
    ],
    [
      "Hermes with a raw line break in a string",
      '<tool_call>{"name":"write_file","arguments":{"path":"a","content":"x\ny"}}</tool_call>',
      [{ name: "write_file", arguments: { path: "a", content: "x\ny" } }],
    ],
    [
      "Hermes with single quotes",
      "<tool_call>{'name':'read_file','arguments':{'path':'a'}}</tool_call>",
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "Hermes with arguments as text",
      '<tool_call>{"name":"read_file","arguments":"{\\"path\\":\\"a\\"}"}</tool_call>',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "Hermes with a regular expression",
      '<tool_call>{"name":"search","arguments":{"query":"\\d+"}}</tool_call>',
      [{ name: "search", arguments: { query: "\\d+" } }],
    ],
    [
      "Hermes holding its own closing tag",
      '<tool_call>{"name":"write_file","arguments":{"path":"a","content":"</tool_call> {"}}</tool_call>',
      [{ name: "write_file", arguments: { path: "a", content: "</tool_call> {" } }],
    ],
    [
      "GLM without arguments",
      "<tool_call>list_files</tool_call>",
      [{ name: "list_files", arguments: {} }],
    ],
    [
      "GLM with a number for text",
      "<tool_call>write_file<arg_key>path</arg_key><arg_value>a</arg_value><arg_key>content</arg_key><arg_value>7</arg_value></tool_call>",
      [{ name: "write_file", arguments: { path: "a", content: "7" } }],
    ],
    [
      "GLM with JSON for text",
      '<tool_call>write_file<arg_key>path</arg_key><arg_value>a</arg_value><arg_key>content</arg_key><arg_value>{"a": 1}</arg_value></tool_call>',
      [{ name: "write_file", arguments: { path: "a", content: '{"a": 1}' } }],
    ],
    [
      "GLM with line breaks in a value",
      "<tool_call>write_file\n<arg_key>path</arg_key>\n<arg_value>a</arg_value>\n<arg_key>content</arg_key>\n<arg_value>\nx\n\ny\n</arg_value>\n</tool_call>",
      [{ name: "write_file", arguments: { path: "a", content: "\nx\n\ny\n" } }],
    ],
    [
      "Qwen coder without the outer tag",
      "<function=read_file>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "Qwen coder with an unclosed parameter",
      "<tool_call>\n<function=read_file>\n<parameter=path>\na\n<parameter=limit>\n3\n</parameter>\n</function>\n</tool_call>",
      [{ name: "read_file", arguments: { path: "a", limit: 3 } }],
    ],
    [
      "Kimi without its section",
      '<|tool_call_begin|>functions.read_file:7<|tool_call_argument_begin|>{"path":"a"}<|tool_call_end|>',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "harmony without its tokens",
      'commentary to=functions.read_file json{"path":"a"}',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "harmony after an analysis",
      '<|channel|>analysis<|message|>I read.<|end|><|start|>assistant<|channel|>commentary to=functions.read_file<|message|>{"path":"a"}<|call|>',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "a name in another case",
      '{"name":"Read_File","arguments":{"path":"a"}}',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "arguments next to the name, which fit",
      '{"name":"read_file","path":"feedback.txt"}',
      [{ name: "read_file", arguments: { path: "feedback.txt" } }],
    ],
    [
      "a call in Python's print",
      "print(read_file(path='a'))",
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "a call through default_api",
      "```tool_code\nprint(default_api.read_file(path='a'))\n```",
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "the whole reply in a fence",
      '```xml\n<tool_call>{"name":"read_file","arguments":{"path":"a"}}</tool_call>\n```',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
    [
      "one known and one unknown name",
      `<tool_call>${JSON.stringify(oneCall)}</tool_call>\n<tool_call>${JSON.stringify(unknown)}</tool_call>`,
      [oneCall, { ...unknown, arguments: null as never }],
    ],
    [
      "a last parameter that its call closes",
      '<invoke name="read_file"><parameter name="path">a</invoke>',
      [{ name: "read_file", arguments: { path: "a" } }],
    ],
  ];
  test.each(rows)("%s", (_name, text, calls) => {
    const reply = readReply(text);
    expect(reply.calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(
      calls,
    );
  });
});

describe("text that only looks like a call", () => {
  const rows: [string, string][] = [
    ["JSON data with a name", '{"name":"read_file","arguments":{"path":"a"},"rating":5}'],
    [
      "JSON data whose name is a tool's but whose fields do not fit",
      '{"name":"read_file","colour":"red"}',
    ],
    ["JSON with only a tool's name", '{"name":"list_files"}'],
    [
      "a list with one entry that is not a call",
      '[{"name":"read_file","arguments":{"path":"a"}},{"note":"x"}]',
    ],
    ["a list of which one name is not a tool", JSON.stringify([oneCall, { ...unknown }])],
    ["JSON behind prose", 'I would call {"name":"read_file","arguments":{"path":"a"}}'],
    [
      "a JSON fence behind prose",
      'Like so:\n```json\n{"name":"read_file","arguments":{"path":"a"}}\n```',
    ],
    [
      "JSON before prose",
      '{"name":"read_file","arguments":{"path":"a"}}\nThat is what I would call.',
    ],
    [
      "a tag in inline code",
      'The log holds `<tool_call>{"name":"read_file","arguments":{"path":"a"}}</tool_call>`',
    ],
    [
      "a tag in a fence among prose",
      'It wrote:\n```\n<tool_call>{"name":"read_file","arguments":{"path":"a"}}</tool_call>\n```\nwhich is wrong.',
    ],
    ["a tag inside a JSON string", '{"answer":"<tool_call>{}</tool_call>"}'],
    ["a function with positional arguments", 'read_file("a")'],
    ["a sentence naming a function", "I called read_file(path='a') and it failed."],
    ["Python that computes", "read_file(path='a' + 'b')"],
    ["words about to=", "Send it to=read_file {yes}"],
    [
      "an invocation that never closes",
      '<invoke name="read_file"><parameter name="path">a</parameter>',
    ],
    [
      "a made-up result on the lines behind",
      `<tool_call>${JSON.stringify(oneCall)}</tool_call>\nThe file says hello.`,
    ],
    [
      "GLM pairs without an end",
      "<tool_call>read_file<arg_key>path</arg_key><arg_value>a</arg_value>",
    ],
    [
      "GLM text between the pairs",
      "<tool_call>read_file<arg_key>path</arg_key>and<arg_value>a</arg_value></tool_call>",
    ],
    ["Kimi without arguments' mark", "<|tool_call_begin|>functions.read_file:0<|tool_call_end|>"],
    ["Hermes whose JSON never closes", '<tool_call>{"name":"read_file","arguments":{"path":"a'],
    ["only a closing tag", "</tool_call>"],
    ["plain prose", "I am done: the file has 3 lines."],
    ["a number", "42"],
    ["a list of numbers", "[1, 2, 3]"],
  ];
  test.each(rows)("%s", (_name, text) => {
    const reply = readReply(text);
    expect(reply.calls).toEqual([]);
    expect(reply.text.trim()).toBe(text.trim());
  });

  test("calls in the text next to structured calls stay text", () => {
    const body = {
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            content: `<tool_call>${JSON.stringify(oneCall)}</tool_call>`,
            tool_calls: [{ id: "a", function: { name: "list_files", arguments: "{}" } }],
          },
        },
      ],
    };
    const outcome = normalise(body, request(), 0);
    expect(outcome.ok && outcome.reply.calls.map((call) => call.name)).toEqual(["list_files"]);
  });

  test("nothing is a call where no tool is offered", () => {
    const body = { choices: [{ message: { content: JSON.stringify(oneCall) } }] };
    const outcome = normalise(body, request({ tools: [] }), 0);
    expect(outcome.ok && outcome.reply.calls).toEqual([]);
  });
});

test("an unclosed block of many pairs is refused in linear time", () => {
  const pair = "<arg_key>path</arg_key><arg_value>a</arg_value>";
  const started = performance.now();
  expect(readReply(`<tool_call>read_file${pair.repeat(5_000)}`).calls).toEqual([]);
  expect(readReply("<tool_call>{".repeat(3_000)).calls).toEqual([]);
  expect(readReply("<|python_tag|>".repeat(3_000)).calls).toEqual([]);
  expect(readReply("```tool_code\n".repeat(3_000)).calls).toEqual([]);
  expect(performance.now() - started).toBeLessThan(5_000);
});
