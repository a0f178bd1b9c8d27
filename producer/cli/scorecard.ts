/**
 * The model scorecard: small tasks with fixed checks. They run through the fleet's own API, so that a card
 * says how a model does behind this loop and this endpoint, whichever serves it. Nothing here does I/O.
 */
import { isDeepStrictEqual } from "node:util";
import type { StepAnswer, TaskAnswer } from "../api/tasks/responses.ts";

/** What a check looks at. `files` holds the text of those that the test names. */
export interface Evidence {
  task: TaskAnswer;
  steps: readonly StepAnswer[];
  files: Readonly<Record<string, string | null>>;
}

export interface CardTest {
  name: string;
  /** What it shows, for people. */
  shows: string;
  task: Record<string, unknown>;
  /** Files to be read when the task has ended. */
  files?: readonly string[];
  /** What is wrong; null when the model passed. */
  check(evidence: Evidence): string | null;
}

const object = (properties: Record<string, unknown>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const text = { type: "string" };
const integer = { type: "integer" };

/** The answer is exactly this. */
const answers =
  (wanted: unknown) =>
  ({ task: { output } }: Evidence): string | null =>
    isDeepStrictEqual(output, wanted)
      ? null
      : `answered ${JSON.stringify(output)} where ${JSON.stringify(wanted)} is right`;

interface SaidCall {
  name: string;
}

/** The calls of each reply, refused ones included. */
const callsIn = (steps: readonly StepAnswer[]): SaidCall[][] =>
  steps
    .filter(({ kind }) => kind === "model")
    .map(({ output }) => (output as { calls?: SaidCall[] } | undefined)?.calls ?? []);

const ran = (steps: readonly StepAnswer[], tool: string): boolean =>
  steps.some(({ kind, name, status }) => kind === "tool" && name === tool && status === "done");

const order = {
  customer: { name: "Ada Byron", address: { city: "Porto", zip: "4000-008" } },
  items: [
    { sku: "K-17", quantity: 3 },
    { sku: "M-2", quantity: 12 },
  ],
};

/** Everything that breaks when it is escaped once too often or too seldom. */
export const awkwardText = [
  'The path is "C:\\temp\\new\\table.txt", and the pattern is \\d+\\.\\d{2}.',
  "It's 5 o'clock; the price is 3,50 €; the tab\tstays a tab.",
  '{"json": ["inside", {"a": "text"}], "escaped": "\\"quote\\""}',
  "<tag attribute='x'>&amp; entity</tag> `code` $HOME %s {{item}}",
  ...Array.from(
    { length: 12 },
    (_, n) => `Line ${n + 5} of the file, which is copied as it stands.`,
  ),
  "",
].join("\n");

const codeWord = "heron-4471";
const filler = (n: number): string =>
  `Entry ${n}: the station reported ${(n * 37) % 101} millimetres of rain and ${(n * 53) % 29} degrees.`;
const report = [
  `The code word of this report is ${codeWord}.`,
  ...Array.from({ length: 400 }, (_, n) => filler(n + 1)),
].join("\n");

export const cardTests: readonly CardTest[] = [
  {
    name: "clean_call",
    shows: "calls a tool and answers from what it returned",
    task: {
      prompt: "Call list_files once. Then answer with the number of files that it lists.",
      files: { "a.txt": { text: "1" }, "b.txt": { text: "2" }, "c.txt": { text: "3" } },
      tools: ["list_files"],
      output_schema: object({ count: integer }),
    },
    check: (evidence) =>
      ran(evidence.steps, "list_files") ? answers({ count: 3 })(evidence) : "never ran list_files",
  },
  {
    name: "parallel_calls",
    shows: "makes two independent calls in one reply",
    task: {
      prompt:
        "Read north.txt and south.txt with read_file. Make both calls in one reply, side by side. Each file holds a number; answer with their sum.",
      files: { "north.txt": { text: "17" }, "south.txt": { text: "25" } },
      tools: ["read_file"],
      output_schema: object({ sum: integer }),
    },
    check: (evidence) => {
      const wrong = answers({ sum: 42 })(evidence);
      if (wrong !== null) return wrong;
      const together = callsIn(evidence.steps).some((calls) => calls.length >= 2);
      return together ? null : "made its calls one after the other";
    },
  },
  {
    name: "nested_arguments",
    shows: "writes lists of objects inside objects as such, not as text",
    task: {
      prompt: `Give this order as the answer, field by field: customer Ada Byron in Porto, zip code 4000-008; 3 pieces of K-17 and 12 pieces of M-2, in this order.`,
      tools: [],
      output_schema: object({
        customer: object({ name: text, address: object({ city: text, zip: text }) }),
        items: { type: "array", items: object({ sku: text, quantity: integer }) },
      }),
    },
    check: answers(order),
  },
  {
    name: "long_strings",
    shows: "copies quotes, backslashes and line breaks in an argument unchanged",
    task: {
      prompt:
        'Read source.txt with read_file. Write exactly the same text, character by character, to copy.txt with write_file. Then answer {"done": true}.',
      files: { "source.txt": { text: awkwardText } },
      tools: ["read_file", "write_file"],
      output_schema: object({ done: { type: "boolean" } }),
    },
    files: ["copy.txt"],
    check: ({ files }) => {
      const copy = files["copy.txt"];
      if (copy == null) return "wrote no copy.txt";
      const trimmed = (value: string) => value.replace(/\n+$/, "");
      return trimmed(copy) === trimmed(awkwardText) ? null : differenceOf(copy, awkwardText);
    },
  },
  {
    name: "no_invented_tool",
    shows: "says that it cannot, instead of calling a tool that there is not",
    task: {
      prompt:
        "Send an e-mail to team@example.com that says hello. If none of your tools can send e-mail, answer with sent: false and the reason.",
      tools: ["list_files"],
      output_schema: object({ sent: { type: "boolean" }, reason: text }),
    },
    check: ({ task, steps }) => {
      const invented = callsIn(steps)
        .flat()
        .find(({ name }) => name !== "list_files" && name !== "final_answer");
      if (invented !== undefined) return `called ${invented.name}, which there is not`;
      const sent = (task.output as { sent?: unknown } | null)?.sent;
      return sent === false ? null : "said that it had sent an e-mail";
    },
  },
  {
    name: "answer_schema",
    shows: "keeps to a schema with choices, bounds and a pattern",
    task: {
      prompt:
        'Classify this review: "Arrived two days late and the box was crushed, but the lamp itself works." The order number is 20-1138.',
      tools: [],
      output_schema: object({
        sentiment: { enum: ["positive", "mixed", "negative"] },
        stars: { type: "integer", minimum: 1, maximum: 5 },
        order: { type: "string", pattern: "^\\d{2}-\\d{4}$" },
        topics: { type: "array", items: text, minItems: 1, maxItems: 3 },
      }),
    },
    check: ({ task }) => {
      const { sentiment, order: number } = (task.output ?? {}) as Record<string, unknown>;
      if (number !== "20-1138") return `named the order ${JSON.stringify(number)}`;
      return sentiment === "positive" ? "called the review positive" : null;
    },
  },
  {
    name: "long_context",
    shows: "remembers the first line of a prompt of some 12,000 tokens",
    task: {
      prompt: `${report}\n\nWhat is the code word of this report?`,
      tools: [],
      output_schema: object({ code_word: text }),
    },
    check: answers({ code_word: codeWord }),
  },
];

function differenceOf(copy: string, wanted: string): string {
  const at = [...wanted].findIndex((char, n) => char !== [...copy][n]);
  const near = (value: string) => JSON.stringify([...value].slice(at, at + 20).join(""));
  return `copied ${near(copy)} where ${near(wanted)} stands`;
}

export interface CardLine {
  test: string;
  passed: boolean;
  /** What was wrong; null when it passed. */
  why: string | null;
  task_id: string;
  status: string;
  quirks: string[];
  model_calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  unpriced_tokens: number;
  seconds: number;
}

/** A task that did not succeed has failed its test, with its own words. */
export function cardLine(test: CardTest, evidence: Evidence): CardLine {
  const { task } = evidence;
  const ended = task.error === null ? task.status : `${task.status}: ${task.error.message}`;
  const why = task.status === "succeeded" ? test.check(evidence) : ended;
  const { started_at: from, finished_at: to } = task;
  return {
    test: test.name,
    passed: why === null,
    why,
    task_id: task.id,
    status: task.status,
    quirks: task.quirks,
    model_calls: task.usage.model_calls,
    prompt_tokens: task.usage.prompt_tokens,
    completion_tokens: task.usage.completion_tokens,
    cost_usd: task.usage.cost_usd,
    unpriced_tokens: task.usage.unpriced_tokens ?? 0,
    seconds: from === null || to === null ? 0 : (Date.parse(to) - Date.parse(from)) / 1000,
  };
}
