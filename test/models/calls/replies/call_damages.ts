import type { ExpectedCall } from "../render/renderer.ts";
import { digits, oneCall, paying, two, withArguments } from "./meant_calls.ts";
import type { Wired } from "./wire_shape.ts";

interface CallDamage {
  name: string;
  calls: readonly Wired[];
  cut?: boolean;
  expectedCalls: readonly ExpectedCall[];
}

const json = (value: unknown) => JSON.stringify(value);

const sent = (
  call: ExpectedCall,
  args: unknown = json(call.arguments),
  overrides: object = {},
): Wired => ({
  id: "call_1",
  name: call.name,
  arguments: args,
  ...overrides,
});

/** Damages of calls that the endpoint sent as calls. */
export const callDamages: readonly CallDamage[] = [
  { name: "none", calls: [sent(oneCall)], expectedCalls: [oneCall] },
  {
    name: "several calls",
    calls: [sent(oneCall), sent(two, undefined, { id: "b" })],
    expectedCalls: [oneCall, two],
  },
  { name: "arguments as a value", calls: [sent(two, two.arguments)], expectedCalls: [two] },
  {
    name: "no id",
    calls: [{ name: oneCall.name, arguments: json(oneCall.arguments) }],
    expectedCalls: [oneCall],
  },
  { name: "one id twice", calls: [sent(oneCall), sent(two)], expectedCalls: [oneCall, two] },
  {
    name: "no arguments",
    calls: [{ id: "a", name: "list_files", arguments: "" }],
    expectedCalls: [{ name: "list_files", arguments: {} }],
  },
  {
    name: "null arguments",
    calls: [{ id: "a", name: "list_files", arguments: null }],
    expectedCalls: [{ name: "list_files", arguments: {} }],
  },
  {
    name: "encoded twice",
    calls: [sent(oneCall, json(json(oneCall.arguments)))],
    expectedCalls: [oneCall],
  },
  {
    name: "fenced",
    calls: [sent(oneCall, `\`\`\`json\n${json(oneCall.arguments)}\n\`\`\``)],
    expectedCalls: [oneCall],
  },
  {
    name: "double braces",
    calls: [sent(oneCall, `{${json(oneCall.arguments)}}`)],
    expectedCalls: [oneCall],
  },
  {
    name: "a closing tag behind",
    calls: [sent(oneCall, `${json(oneCall.arguments)}</tool_call>`)],
    expectedCalls: [oneCall],
  },
  {
    name: "a comma too many",
    calls: [sent(oneCall, json(oneCall.arguments).replace(/\}$/, ",}"))],
    expectedCalls: [oneCall],
  },
  {
    name: "single quotes",
    calls: [sent(oneCall, "{'path': 'src/a b.ts', 'limit': 3}")],
    expectedCalls: [oneCall],
  },
  {
    name: "a bad escape",
    calls: [sent(two, '{"query": "\\d+"}')],
    expectedCalls: [{ name: "search", arguments: { query: "\\d+" } }],
  },
  {
    name: "a raw line break",
    calls: [sent(digits, '{"path": "n", "content": "a\nb"}')],
    expectedCalls: [withArguments(digits, { content: "a\nb" })],
  },
  {
    name: "a number as text",
    calls: [sent(oneCall, json({ ...oneCall.arguments, limit: "3" }))],
    expectedCalls: [oneCall],
  },
  {
    name: "a list as text",
    calls: [sent(two, json({ ...two.arguments, tags: '["x","42"]' }))],
    expectedCalls: [two],
  },
  {
    name: "one value for a list",
    calls: [sent(two, json({ ...two.arguments, tags: "x" }))],
    expectedCalls: [withArguments(two, { tags: ["x"] })],
  },
  {
    name: "null for what was left out",
    calls: [sent(oneCall, json({ path: "a", limit: null }))],
    expectedCalls: [{ name: "read_file", arguments: { path: "a" } }],
  },
  {
    name: "a name with channel tokens",
    calls: [sent({ ...oneCall, name: "read_file<|channel|>commentary" })],
    expectedCalls: [oneCall],
  },
  {
    name: "a name with a prefix",
    calls: [sent({ ...oneCall, name: "functions.read_file" })],
    expectedCalls: [oneCall],
  },
  {
    name: "a name in another case",
    calls: [sent({ ...oneCall, name: "Read_File" })],
    expectedCalls: [oneCall],
  },
  { name: "a tool with effects, whole", calls: [sent(paying)], expectedCalls: [paying] },
  // Negatives.
  {
    name: "a name that no tool has",
    calls: [sent({ ...oneCall, name: "explode" })],
    expectedCalls: [],
  },
  { name: "no name", calls: [sent({ ...oneCall, name: "" })], expectedCalls: [] },
  { name: "cut at the output limit", calls: [sent(oneCall)], cut: true, expectedCalls: [] },
  {
    name: "arguments cut in a string",
    calls: [sent(digits, '{"path": "n", "content": "4')],
    expectedCalls: [],
  },
  {
    name: "arguments cut in a list",
    calls: [sent(digits, '{"path": "n", "content": "42", "tags": ["4"')],
    expectedCalls: [],
  },
  { name: "prose for arguments", calls: [sent(oneCall, "the file a")], expectedCalls: [] },
  { name: "a list for arguments", calls: [sent(oneCall, '["a"]')], expectedCalls: [] },
  {
    name: "a required argument missing",
    calls: [sent(digits, '{"path": "n"}')],
    expectedCalls: [],
  },
  {
    name: "an argument that no tool has",
    calls: [sent(oneCall, '{"path": "a", "depth": 2}')],
    expectedCalls: [],
  },
  {
    name: "text where a number is meant",
    calls: [sent(oneCall, '{"path": "a", "limit": "many"}')],
    expectedCalls: [],
  },
  {
    name: "a tool with effects, repaired",
    calls: [sent(paying, "{'amount': 5, 'to': 'me'}")],
    expectedCalls: [],
  },
  {
    name: "a tool with effects, coerced",
    calls: [sent(paying, '{"amount": "5", "to": "me"}')],
    expectedCalls: [],
  },
];
