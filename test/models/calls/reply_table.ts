/**
 * The table of replies: every family × every damage × every wire shape, with the expected result. A row
 * without calls to run is a negative: prose, a cut, reasoning, a name that no tool has, a guess too many.
 */
import { bodyValue } from "../../../consumer/models/reply/reply_body.ts";
import { type Meant, type Renderer, renderers } from "./render.ts";

export interface ReplyRow {
  family: string;
  damage: string;
  shape: string;
  body: unknown;
  /** The calls that may run, in order; none in a negative. */
  runs: readonly Meant[];
}

/** A call on the wire: its arguments may be text, a value or missing. */
interface Wired {
  id?: string;
  name: string;
  arguments?: unknown;
}

interface Shape {
  name: string;
  text(text: string, cut: boolean): unknown;
  calls(calls: readonly Wired[], cut: boolean): unknown;
}

const chat = {
  text: (content: string, cut: boolean) => ({
    choices: [{ finish_reason: cut ? "length" : "stop", message: { role: "assistant", content } }],
  }),
  calls: (calls: readonly Wired[], cut: boolean) => ({
    choices: [
      {
        finish_reason: cut ? "length" : "tool_calls",
        message: {
          role: "assistant",
          content: "",
          tool_calls: calls.map(({ id, ...called }) => ({
            id,
            type: "function",
            function: called,
          })),
        },
      },
    ],
  }),
};
const finishing = (cut: boolean) => (cut ? { finish_reason: "length" } : {});
const legacy = {
  text: (response: string, cut: boolean) => ({ response, ...finishing(cut) }),
  calls: (calls: readonly Wired[], cut: boolean) => ({
    response: null,
    tool_calls: calls,
    ...finishing(cut),
  }),
};
const response = (output: object[], cut: boolean) => ({
  object: "response",
  status: cut ? "incomplete" : "completed",
  ...(cut ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
  output,
});
const enveloped = (result: unknown) => ({ result, success: true, errors: [], messages: [] });
const streamed = (delta: object, finish: string) =>
  bodyValue(
    `${[
      { choices: [{ delta, finish_reason: null }] },
      { choices: [{ delta: {}, finish_reason: finish }] },
    ]
      .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      .join("")}data: [DONE]\n\n`,
  );

export const shapes: readonly Shape[] = [
  { name: "chat", ...chat },
  { name: "legacy", ...legacy },
  {
    name: "Responses",
    text: (text, cut) =>
      response([{ type: "message", content: [{ type: "output_text", text }] }], cut),
    calls: (calls, cut) =>
      response(
        calls.map(({ id, ...called }) => ({ type: "function_call", call_id: id, ...called })),
        cut,
      ),
  },
  {
    name: "REST envelope",
    text: (text, cut) => enveloped(chat.text(text, cut)),
    calls: (calls, cut) => enveloped(legacy.calls(calls, cut)),
  },
  {
    name: "stream",
    text: (content, cut) => streamed({ content }, cut ? "length" : "stop"),
    calls: (calls, cut) =>
      streamed(
        {
          tool_calls: calls.map(({ id, ...called }, index) => ({ index, id, function: called })),
        },
        cut ? "length" : "tool_calls",
      ),
  },
];

const oneCall: Meant = { name: "read_file", arguments: { path: "src/a b.ts", limit: 3 } };
const two: Meant = {
  name: "search",
  arguments: {
    query: "cats & 'dogs' \\d+",
    tags: ["x", "42"],
    filter: { year: 2020, exact: true },
    size: -1.5,
  },
};
const digits: Meant = { name: "write_file", arguments: { path: "n", content: "42" } };
const withArguments = (call: Meant, args: Record<string, unknown>): Meant => ({
  ...call,
  arguments: { ...call.arguments, ...args },
});

interface TextDamage {
  name: string;
  /** Null where the damage does not apply to the family. */
  text(renderer: Renderer): string | null;
  cut?: boolean;
  runs: readonly Meant[];
}

const lines = (text: string, prefix: string) =>
  text
    .split("\n")
    .map((line) => `${prefix}${line}`)
    .join("\n");

/** Contexts in which a call is only mentioned. */
const quoting: readonly { name: string; around(call: string): string }[] = [
  { name: "in a block quote", around: (call) => `The log:\n${lines(call, "> ")}\nends there.` },
  { name: "in a tilde fence", around: (call) => `So:\n\n~~~\n${call}\n~~~\n\nIt is wrong.` },
  {
    name: "in a long fence",
    around: (call) => `Here:\n\n\`\`\`\`\`text\n${call}\n\`\`\`\`\`\n\nThat is all.`,
  },
  {
    name: "as indented code",
    around: (call) => `From the page:\n\n${lines(call, "    ")}\n\nEnd.`,
  },
  { name: "declined", around: (call) => `I will not call what the page wants:\n${call}` },
  { name: "quoted from a page", around: (call) => `The page says:\n${call}` },
  {
    name: "with an explanation behind",
    around: (call) => `${call}\n\nThis is how it is written here.`,
  },
  {
    name: "with a made-up result and an answer behind",
    around: (call) =>
      `${call}\n<tool_response>ok</tool_response>\nThe file is empty, so I am done now.`,
  },
];

const markText = (renderer: Renderer, text: string) => (renderer.isWholeText ? null : text);

/** Damages of calls that were left in the text. */
export const textDamages: readonly TextDamage[] = [
  { name: "none", text: (r) => r.render([oneCall]), runs: [oneCall] },
  { name: "two calls", text: (r) => r.render([oneCall, two]), runs: [oneCall, two] },
  { name: "a string that looks like a number", text: (r) => r.render([digits]), runs: [digits] },
  { name: "space around", text: (r) => `\n\n  ${r.render([oneCall])}  \n`, runs: [oneCall] },
  {
    name: "prose on the lines before",
    text: (r) => markText(r, `I will read it now.\n\n${r.render([two])}`),
    runs: [two],
  },
  {
    name: "reasoning before",
    text: (r) => `<think>I should read it.</think>\n${r.render([oneCall])}`,
    runs: [oneCall],
  },
  {
    name: "a number as text",
    text: (r) => r.render([withArguments(oneCall, { limit: "3" })]),
    runs: [oneCall],
  },
  {
    name: "a list and an object as text",
    text: (r) =>
      r.render([withArguments(two, { tags: '["x","42"]', filter: '{"year":2020,"exact":true}' })]),
    runs: [two],
  },
  {
    name: "a choice in another case",
    text: (r) => r.render([withArguments(two, { order: "NEWEST" })]),
    runs: [withArguments(two, { order: "newest" })],
  },
  {
    name: "words between two calls",
    text: (r) => markText(r, `${r.render([oneCall])}\nand\n${r.render([two])}`),
    runs: [oneCall, two],
  },
  {
    name: "an end token behind",
    text: (r) => (r.isWholeText ? null : `${r.render([oneCall])}</s>`),
    runs: [oneCall],
  },
  // Negatives.
  ...quoting.map(
    ({ name, around }): TextDamage => ({
      name,
      text: (r) => markText(r, around(r.render([oneCall]))),
      runs: [],
    }),
  ),
  {
    name: "a name that no tool has",
    text: (r) => r.render([{ name: "explode", arguments: { path: "a" } }]),
    runs: [],
  },
  {
    name: "cut in the middle",
    text: (r) => r.render([two]).slice(0, Math.floor(r.render([two]).length * 0.6)),
    runs: [],
  },
  { name: "cut at the output limit", text: (r) => r.render([oneCall]), cut: true, runs: [] },
  {
    name: "inside reasoning",
    text: (r) => `<think>${r.render([oneCall])}</think>\nDone.`,
    runs: [],
  },
  {
    name: "inside reasoning without end",
    text: (r) => `<think>Perhaps ${r.render([oneCall])}`,
    runs: [],
  },
  {
    name: "in a sentence that continues",
    text: (r) => `Write ${r.render([oneCall])} and wait for the answer.`,
    runs: [],
  },
  {
    name: "as an example",
    text: (r) => `Calls have a syntax, for example ${r.render([oneCall])}`,
    runs: [],
  },
  {
    name: "of a tool with effects",
    text: (r) => r.render([{ name: "pay", arguments: { amount: 5, to: "me" } }]),
    runs: [],
  },
  {
    name: "without a required argument",
    text: (r) => r.render([{ name: "write_file", arguments: { path: "a" } }]),
    runs: [],
  },
];

interface CallDamage {
  name: string;
  calls: readonly Wired[];
  cut?: boolean;
  runs: readonly Meant[];
}

const json = (value: unknown) => JSON.stringify(value);
const sent = (
  call: Meant,
  args: unknown = json(call.arguments),
  overrides: object = {},
): Wired => ({
  id: "call_1",
  name: call.name,
  arguments: args,
  ...overrides,
});
const paying: Meant = { name: "pay", arguments: { amount: 5, to: "me" } };

/** Damages of calls that the endpoint sent as calls. */
export const callDamages: readonly CallDamage[] = [
  { name: "none", calls: [sent(oneCall)], runs: [oneCall] },
  {
    name: "several calls",
    calls: [sent(oneCall), sent(two, undefined, { id: "b" })],
    runs: [oneCall, two],
  },
  { name: "arguments as a value", calls: [sent(two, two.arguments)], runs: [two] },
  {
    name: "no id",
    calls: [{ name: oneCall.name, arguments: json(oneCall.arguments) }],
    runs: [oneCall],
  },
  { name: "one id twice", calls: [sent(oneCall), sent(two)], runs: [oneCall, two] },
  {
    name: "no arguments",
    calls: [{ id: "a", name: "list_files", arguments: "" }],
    runs: [{ name: "list_files", arguments: {} }],
  },
  {
    name: "null arguments",
    calls: [{ id: "a", name: "list_files", arguments: null }],
    runs: [{ name: "list_files", arguments: {} }],
  },
  { name: "encoded twice", calls: [sent(oneCall, json(json(oneCall.arguments)))], runs: [oneCall] },
  {
    name: "fenced",
    calls: [sent(oneCall, `\`\`\`json\n${json(oneCall.arguments)}\n\`\`\``)],
    runs: [oneCall],
  },
  {
    name: "double braces",
    calls: [sent(oneCall, `{${json(oneCall.arguments)}}`)],
    runs: [oneCall],
  },
  {
    name: "a closing tag behind",
    calls: [sent(oneCall, `${json(oneCall.arguments)}</tool_call>`)],
    runs: [oneCall],
  },
  {
    name: "a comma too many",
    calls: [sent(oneCall, json(oneCall.arguments).replace(/\}$/, ",}"))],
    runs: [oneCall],
  },
  {
    name: "single quotes",
    calls: [sent(oneCall, "{'path': 'src/a b.ts', 'limit': 3}")],
    runs: [oneCall],
  },
  {
    name: "a bad escape",
    calls: [sent(two, '{"query": "\\d+"}')],
    runs: [{ name: "search", arguments: { query: "\\d+" } }],
  },
  {
    name: "a raw line break",
    calls: [sent(digits, '{"path": "n", "content": "a\nb"}')],
    runs: [withArguments(digits, { content: "a\nb" })],
  },
  {
    name: "a number as text",
    calls: [sent(oneCall, json({ ...oneCall.arguments, limit: "3" }))],
    runs: [oneCall],
  },
  {
    name: "a list as text",
    calls: [sent(two, json({ ...two.arguments, tags: '["x","42"]' }))],
    runs: [two],
  },
  {
    name: "one value for a list",
    calls: [sent(two, json({ ...two.arguments, tags: "x" }))],
    runs: [withArguments(two, { tags: ["x"] })],
  },
  {
    name: "null for what was left out",
    calls: [sent(oneCall, json({ path: "a", limit: null }))],
    runs: [{ name: "read_file", arguments: { path: "a" } }],
  },
  {
    name: "a name with channel tokens",
    calls: [sent({ ...oneCall, name: "read_file<|channel|>commentary" })],
    runs: [oneCall],
  },
  {
    name: "a name with a prefix",
    calls: [sent({ ...oneCall, name: "functions.read_file" })],
    runs: [oneCall],
  },
  {
    name: "a name in another case",
    calls: [sent({ ...oneCall, name: "Read_File" })],
    runs: [oneCall],
  },
  { name: "a tool with effects, whole", calls: [sent(paying)], runs: [paying] },
  // Negatives.
  { name: "a name that no tool has", calls: [sent({ ...oneCall, name: "explode" })], runs: [] },
  { name: "no name", calls: [sent({ ...oneCall, name: "" })], runs: [] },
  { name: "cut at the output limit", calls: [sent(oneCall)], cut: true, runs: [] },
  {
    name: "arguments cut in a string",
    calls: [sent(digits, '{"path": "n", "content": "4')],
    runs: [],
  },
  {
    name: "arguments cut in a list",
    calls: [sent(digits, '{"path": "n", "content": "42", "tags": ["4"')],
    runs: [],
  },
  { name: "prose for arguments", calls: [sent(oneCall, "the file a")], runs: [] },
  { name: "a list for arguments", calls: [sent(oneCall, '["a"]')], runs: [] },
  { name: "a required argument missing", calls: [sent(digits, '{"path": "n"}')], runs: [] },
  {
    name: "an argument that no tool has",
    calls: [sent(oneCall, '{"path": "a", "depth": 2}')],
    runs: [],
  },
  {
    name: "text where a number is meant",
    calls: [sent(oneCall, '{"path": "a", "limit": "many"}')],
    runs: [],
  },
  {
    name: "a tool with effects, repaired",
    calls: [sent(paying, "{'amount': 5, 'to': 'me'}")],
    runs: [],
  },
  {
    name: "a tool with effects, coerced",
    calls: [sent(paying, '{"amount": "5", "to": "me"}')],
    runs: [],
  },
];

export const replyTable: readonly ReplyRow[] = shapes.flatMap((shape) => [
  ...renderers.flatMap((renderer) =>
    textDamages.flatMap(({ name, text, cut = false, runs }): ReplyRow[] => {
      const rendered = text(renderer);
      if (rendered === null) return [];
      const body = shape.text(rendered, cut);
      return [{ family: renderer.family, damage: name, shape: shape.name, body, runs }];
    }),
  ),
  ...callDamages.map(({ name, calls, cut = false, runs }): ReplyRow => {
    const body = shape.calls(calls, cut);
    return { family: "calls on the wire", damage: name, shape: shape.name, body, runs };
  }),
]);
