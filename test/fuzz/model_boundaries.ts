import fc from "fast-check";
import { problemsOf } from "../../consumer/models/repair/validate.ts";
import { normalise } from "../../consumer/models/reply/normalise.ts";
import { keyRedactor } from "../../consumer/models/reply/redact_key.ts";
import { bodyValue } from "../../consumer/models/reply/reply_body.ts";
import { replaceOnce } from "../../consumer/tools/standard/replacement.ts";
import { modelLimits } from "../../shared/limits.ts";
import { checkSchema } from "../../shared/schema/check.ts";
import { request, tools } from "../models/request.ts";
import { type Boundary, hold, textOf } from "./boundary.ts";

const pattern = textOf(
  [
    "a",
    "a*",
    "(a|a)*",
    "(?=a)",
    "\\1",
    "[^a]",
    "\\d+",
    "^",
    "$",
    ".",
    "{2,5}",
    "(",
    ")",
    "\\p{L}",
    "\\b",
  ],
  6,
);
const schema: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.record(
      {
        type: fc.constantFrom(
          "string",
          "integer",
          "object",
          "array",
          "null",
          ["string", "null"],
          7,
        ),
        pattern,
        enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 4 }),
        minLength: fc.integer(),
        multipleOf: fc.double(),
        format: fc.constantFrom("email", "date-time", "uri", "uuid", "x"),
        uniqueItems: fc.boolean(),
        $ref: fc.constantFrom("#", "#/$defs/a", "#/$defs/b", "#/x", "http://a"),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        properties: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("node"), {
          maxKeys: 3,
        }),
        items: tie("node"),
        allOf: fc.array(tie("node"), { maxLength: 3 }),
        anyOf: fc.array(tie("node"), { maxLength: 3 }),
        not: tie("node"),
        $defs: fc.dictionary(fc.constantFrom("a", "b"), tie("node"), { maxKeys: 2 }),
        required: fc.array(fc.constantFrom("a", "b")),
      },
      { requiredKeys: [] },
    ),
  ),
})).node;

const schemaCheck: Boundary = {
  name: "schema check",
  property: () =>
    fc.property(schema, fc.jsonValue({ maxDepth: 3 }), (part, value) => {
      const faults = checkSchema(part as Record<string, unknown>);
      hold(Array.isArray(faults), "the check gave no list");
      if (faults.length > 0 || typeof part !== "object" || part === null) return;
      const problems = problemsOf(value, part as Record<string, unknown>);
      hold(
        problems.every((problem) => problem.length > 0),
        "a problem has no words",
      );
    }),
};

const fileText = textOf(["a", "b", " ", "  ", "\n", "\r\n", "\t", "foo", "$&", "é", "👍"], 30);
const editMatch: Boundary = {
  name: "edit match",
  property: () =>
    fc.property(
      fileText,
      fileText,
      fc.nat(20),
      fc.nat(20),
      fileText,
      (text, other, from, size, newText) => {
        const old = size === 0 ? other : text.slice(from, from + size);
        const edit = replaceOnce(text, old, newText);
        const occurrences = old === "" ? 0 : countOf(text, old);
        if (occurrences > 1) hold(!edit.ok || old === newText, "one of several places was changed");
        if (!edit.ok) return;
        hold(
          !edit.value.exact || occurrences === 1 || !text.includes(old),
          "an exact edit had no single place",
        );
        hold(
          edit.value.line >= 1 && edit.value.line <= text.split("\n").length,
          "the line is not in the file",
        );
      },
    ),
};

function countOf(text: string, piece: string): number {
  let count = 0;
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + 1)) count += 1;
  return count;
}

const key = 'mk-SECRET+key/9=z"q';
const replyText = textOf(
  [
    ..."<think> </think> <tool_call> </tool_call> [TOOL_CALLS] ```json ``` <|channel|>analysis <|message|> <|end|> <|call|>".split(
      " ",
    ),
    ...'<function=read_file> </function> <parameter=path> <invoke name="search"> read_file(path=\'a\') final_answer {"name":"read_file","arguments":{"path":"a"}}'.split(
      " ",
    ),
    ...'{ } [ ] " , : \\ \\u00 \\" 1e999 12345678901234567890 null data: [DONE]'.split(" "),
    '{"choices":[{"finish_reason":"stop","message":{"content":"x"}}]}',
    'data: {"choices":[{"delta":{"content":"x"}}]}\n\n',
    key,
    "\n",
  ],
  20,
);
const wire = fc.oneof(
  replyText,
  replyText.map((content) =>
    JSON.stringify({ choices: [{ finish_reason: "stop", message: { content } }] }),
  ),
  fc.tuple(fc.constantFrom("read_file", "search", "pay", "x", ""), replyText).map(([name, args]) =>
    JSON.stringify({
      choices: [
        {
          finish_reason: "tool_calls",
          message: { tool_calls: [{ id: "1", function: { name, arguments: args } }] },
        },
      ],
    }),
  ),
  fc.json({ maxDepth: 4 }),
);

const replyParsing: Boundary = {
  name: "reply parsing",
  property: () => {
    const redact = keyRedactor(key);
    return fc.property(wire, (text) => {
      const outcome = redact(normalise(bodyValue(text), request(), 0));
      const shown = JSON.stringify(outcome);
      hold(!shown.includes("mk-SECRET+key/9=z"), `the key is in ${shown}`);
      if (!outcome.ok) return hold(outcome.failure.message.length > 0, "a failure has no words");
      hold(outcome.reply.calls.length <= modelLimits.callsPerReplyMax, "too many calls");
      const effects = outcome.reply.calls.filter(({ name }) => name === "pay");
      hold(effects.length === 0 || text.includes("pay"), "a call with effects was invented");
      hold(tools.length > 0, "the request offers tools");
    });
  },
};

export const modelBoundaries: readonly Boundary[] = [schemaCheck, editMatch, replyParsing];
