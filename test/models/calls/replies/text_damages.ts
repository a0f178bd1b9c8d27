import type { ExpectedCall, Renderer } from "../render/renderer.ts";
import { digits, oneCall, two, withArguments } from "./meant_calls.ts";

interface TextDamage {
  name: string;
  /** Null where the damage does not apply to the family. */
  text(renderer: Renderer): string | null;
  cut?: boolean;
  expectedCalls: readonly ExpectedCall[];
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
  { name: "none", text: (r) => r.render([oneCall]), expectedCalls: [oneCall] },
  { name: "two calls", text: (r) => r.render([oneCall, two]), expectedCalls: [oneCall, two] },
  {
    name: "a string that looks like a number",
    text: (r) => r.render([digits]),
    expectedCalls: [digits],
  },
  {
    name: "space around",
    text: (r) => `\n\n  ${r.render([oneCall])}  \n`,
    expectedCalls: [oneCall],
  },
  {
    name: "prose on the lines before",
    text: (r) => markText(r, `I will read it now.\n\n${r.render([two])}`),
    expectedCalls: [two],
  },
  {
    name: "reasoning before",
    text: (r) => `<think>I should read it.</think>\n${r.render([oneCall])}`,
    expectedCalls: [oneCall],
  },
  {
    name: "a number as text",
    text: (r) => r.render([withArguments(oneCall, { limit: "3" })]),
    expectedCalls: [oneCall],
  },
  {
    name: "a list and an object as text",
    text: (r) =>
      r.render([withArguments(two, { tags: '["x","42"]', filter: '{"year":2020,"exact":true}' })]),
    expectedCalls: [two],
  },
  {
    name: "a choice in another case",
    text: (r) => r.render([withArguments(two, { order: "NEWEST" })]),
    expectedCalls: [withArguments(two, { order: "newest" })],
  },
  {
    name: "words between two calls",
    text: (r) => markText(r, `${r.render([oneCall])}\nand\n${r.render([two])}`),
    expectedCalls: [oneCall, two],
  },
  {
    name: "an end token behind",
    text: (r) => (r.isWholeText ? null : `${r.render([oneCall])}</s>`),
    expectedCalls: [oneCall],
  },
  // Negatives.
  ...quoting.map(
    ({ name, around }): TextDamage => ({
      name,
      text: (r) => markText(r, around(r.render([oneCall]))),
      expectedCalls: [],
    }),
  ),
  {
    name: "a name that no tool has",
    text: (r) => r.render([{ name: "explode", arguments: { path: "a" } }]),
    expectedCalls: [],
  },
  {
    name: "cut in the middle",
    text: (r) => r.render([two]).slice(0, Math.floor(r.render([two]).length * 0.6)),
    expectedCalls: [],
  },
  {
    name: "cut at the output limit",
    text: (r) => r.render([oneCall]),
    cut: true,
    expectedCalls: [],
  },
  {
    name: "inside reasoning",
    text: (r) => `<think>${r.render([oneCall])}</think>\nDone.`,
    expectedCalls: [],
  },
  {
    name: "inside reasoning without end",
    text: (r) => `<think>Perhaps ${r.render([oneCall])}`,
    expectedCalls: [],
  },
  {
    name: "in a sentence that continues",
    text: (r) => `Write ${r.render([oneCall])} and wait for the answer.`,
    expectedCalls: [],
  },
  {
    name: "as an example",
    text: (r) => `Calls have a syntax, for example ${r.render([oneCall])}`,
    expectedCalls: [],
  },
  {
    name: "of a tool with effects",
    text: (r) => r.render([{ name: "pay", arguments: { amount: 5, to: "me" } }]),
    expectedCalls: [],
  },
  {
    name: "without a required argument",
    text: (r) => r.render([{ name: "write_file", arguments: { path: "a" } }]),
    expectedCalls: [],
  },
];
