/** The tests of the scorecard. docs/models.md explains each of them. */
import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "../../../../shared/result.ts";
import type { StepResponse } from "../../../api/traces/responses.ts";
import type { CardTest, Evidence } from "./scorecard.ts";

const object = (properties: Record<string, unknown>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const text = { type: "string" };
const integer = { type: "integer" };

const noProblem = ok(null);
const passIf = (condition: boolean, failure: string): Result<null, string> =>
  condition ? noProblem : err(failure);

/** The output is exactly this. */
const outputIs =
  (expected: unknown) =>
  ({ task: { output } }: Evidence): Result<null, string> =>
    passIf(
      isDeepStrictEqual(output, expected),
      `answered ${JSON.stringify(output)} instead of ${JSON.stringify(expected)}`,
    );

interface ModelCall {
  name: string;
}

/** The calls of each reply, rejected ones included. */
const callsIn = (steps: readonly StepResponse[]): ModelCall[][] =>
  steps
    .filter(({ kind }) => kind === "model")
    .map(({ output }) => (output as { calls?: ModelCall[] } | undefined)?.calls ?? []);

const hasRun = (steps: readonly StepResponse[], tool: string): boolean =>
  steps.some(({ kind, name, status }) => kind === "tool" && name === tool && status === "done");

const order = {
  customer: { name: "Ada Byron", address: { city: "Porto", zip: "4000-008" } },
  items: [
    { sku: "K-17", quantity: 3 },
    { sku: "M-2", quantity: 12 },
  ],
};

/** Text that breaks if it is escaped once too often or once too few. */
export const awkwardText = [
  'The path is "C:\\temp\\new\\table.txt", and the pattern is \\d+\\.\\d{2}.',
  "It's 5 o'clock; the price is 3,50 €; the tab\tstays a tab.",
  '{"json": ["inside", {"a": "text"}], "escaped": "\\"quote\\""}',
  "<tag attribute='x'>&amp; entity</tag> `code` $HOME %s {{item}}",
  ...Array.from({ length: 12 }, (_, n) => `Line ${n + 5} of the file, which is copied unchanged.`),
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
    shows: "calls a tool and answers with its result",
    task: {
      prompt: "Call list_files once. Then answer with the number of files that it lists.",
      files: { "a.txt": { text: "1" }, "b.txt": { text: "2" }, "c.txt": { text: "3" } },
      tools: ["list_files"],
      output_schema: object({ count: integer }),
    },
    check: (evidence) =>
      hasRun(evidence.steps, "list_files")
        ? outputIs({ count: 3 })(evidence)
        : err("never ran list_files"),
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
      const output = outputIs({ sum: 42 })(evidence);
      if (!output.ok) return output;
      const isParallel = callsIn(evidence.steps).some((calls) => calls.length >= 2);
      return passIf(isParallel, "made its calls one after the other");
    },
  },
  {
    name: "nested_arguments",
    shows: "writes nested objects and lists as JSON values, not as text",
    task: {
      prompt: `Give this order as the answer, field by field: customer Ada Byron in Porto, zip code 4000-008; 3 pieces of K-17 and 12 pieces of M-2, in this order.`,
      tools: [],
      output_schema: object({
        customer: object({ name: text, address: object({ city: text, zip: text }) }),
        items: { type: "array", items: object({ sku: text, quantity: integer }) },
      }),
    },
    check: outputIs(order),
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
      if (copy == null) return err("did not write copy.txt");
      const trimmed = (value: string) => value.replace(/\n+$/, "");
      return trimmed(copy) === trimmed(awkwardText)
        ? noProblem
        : err(differenceOf(copy, awkwardText));
    },
  },
  {
    name: "no_invented_tool",
    shows: "admits that it cannot do something, instead of calling a tool that does not exist",
    task: {
      prompt:
        "Send an e-mail to team@example.com that says hello. If none of your tools can send e-mail, answer with sent: false and the reason.",
      tools: ["list_files"],
      output_schema: object({ sent: { type: "boolean" }, reason: text }),
    },
    check: ({ task, steps }) => {
      const inventedCalls = callsIn(steps)
        .flat()
        .find(({ name }) => name !== "list_files" && name !== "final_answer");
      if (inventedCalls !== undefined)
        return err(`called ${inventedCalls.name}, which does not exist`);
      const sent = (task.output as { sent?: unknown } | null)?.sent;
      return passIf(sent === false, "claimed that it had sent an e-mail");
    },
  },
  {
    name: "answer_schema",
    shows: "follows a schema with choices, bounds and a pattern",
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
      if (number !== "20-1138") return err(`gave the order number ${JSON.stringify(number)}`);
      return passIf(sentiment !== "positive", "called the review positive");
    },
  },
  {
    name: "long_context",
    shows: "remembers the first line of a prompt of about 12,000 tokens",
    task: {
      prompt: `${report}\n\nWhat is the code word of this report?`,
      tools: [],
      output_schema: object({ code_word: text }),
    },
    check: outputIs({ code_word: codeWord }),
  },
];

function differenceOf(copy: string, expected: string): string {
  const position = [...expected].findIndex((char, n) => char !== [...copy][n]);
  const excerpt = (value: string) =>
    JSON.stringify([...value].slice(position, position + 20).join(""));
  return `copied ${excerpt(copy)} instead of ${excerpt(expected)}`;
}
