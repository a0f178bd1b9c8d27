/** Replies, error bodies and streams of a model's endpoint, and what the model writes. */

import { parseCandidates } from "../../consumer/loop/answer/answer_form.ts";
import { cutMiddle } from "../../consumer/loop/conversation/tool_text.ts";
import { extractCalls } from "../../consumer/models/call_formats/extract_calls.ts";
import { classify } from "../../consumer/models/errors/classify.ts";
import { readLoosely, repairEscapes } from "../../consumer/models/repair/loose_json.ts";
import { problemsOf } from "../../consumer/models/repair/validate.ts";
import { normalise } from "../../consumer/models/reply/normalise.ts";
import { splitReasoning } from "../../consumer/models/reply/reasoning.ts";
import { keyRedactor } from "../../consumer/models/reply/redact_key.ts";
import { bodyValue } from "../../consumer/models/reply/reply_body.ts";
import { modelLimits } from "../../shared/limits.ts";
import { request, tools } from "../models/request.ts";
import { type Attack, filled } from "./attack.ts";

const replyChars = modelLimits.replyBytesMax;

const body = (input: string, make: () => string): Attack => ({
  place: "consumer/models/reply/reply_body.ts",
  input,
  prepare: () => {
    const text = make();
    return () => bodyValue(text);
  },
});
const error = (input: string, make: () => string): Attack => ({
  place: "consumer/models/errors/classify.ts",
  input,
  prepare: () => {
    const text = make();
    return () => classify({ status: 500, retryAfter: null, body: bodyValue(text), nowMs: 0 });
  },
});
const thinking = (input: string, make: () => string): Attack => ({
  place: "consumer/models/reply/reasoning.ts",
  input,
  prepare: () => {
    const text = make();
    return () => splitReasoning(text);
  },
});
const calls = (input: string, make: () => string): Attack => ({
  place: "consumer/models/call_formats/extract_calls.ts",
  input,
  prepare: () => {
    const text = make();
    return () => extractCalls(text, tools);
  },
});
const loose = (input: string, make: () => string): Attack => ({
  place: "consumer/models/repair/loose_json.ts",
  input,
  prepare: () => {
    const text = make();
    return () => readLoosely(text);
  },
});
const candidates = (input: string, make: () => string): Attack => ({
  place: "consumer/loop/answer/answer_form.ts",
  input,
  prepare: () => {
    const text = make();
    return () => parseCandidates(text);
  },
});
const schema = (input: string, make: () => unknown, part: object): Attack => ({
  place: "consumer/models/schemas/json_schema.ts",
  input,
  prepare: () => {
    const value = { text: make() };
    return () => problemsOf(value, { type: "object", properties: { text: part } });
  },
});
const reply = (input: string, make: () => [content: string, call?: object]): Attack => ({
  place: "consumer/models/reply/normalise.ts",
  input,
  prepare: () => {
    const [content, call] = make();
    const message = {
      role: "assistant",
      content,
      ...(call === undefined ? {} : { tool_calls: [call] }),
    };
    const value = { choices: [{ index: 0, finish_reason: "stop", message }] };
    return () => normalise(value, request(), 0);
  },
});

export const modelAttacks: readonly Attack[] = [
  body("4 MB of empty objects", () => `[${filled("{},", replyChars)}1]`),
  body("4 MB of opening brackets", () => filled("[", replyChars)),
  body("4 MB of lossy numbers", () => `[${filled("0.12345678901234567890,", replyChars)}1]`),
  body("an event stream of 4 MB of line breaks", () => `data: {}${filled("\n", replyChars)}`),
  body("an event stream of 4 MB of empty events", () => filled("data:\n", replyChars)),
  body(
    "an event stream of 4 MB of calls",
    () =>
      `${filled('data: {"choices":[{"delta":{"tool_calls":[{}]}}]}\n', replyChars)}data: [DONE]`,
  ),
  body("20 MB of text", () => filled("data: x ", 20_000_000)),
  error("4 MB of <", () => filled("<", replyChars)),
  error("4 MB of <style", () => filled("<style", replyChars)),
  error("nested messages of JSON", () =>
    JSON.stringify({ error: { message: filled('{"message":"', 8_000) } }),
  ),
  error("a list of 4 MB of errors", () =>
    JSON.stringify({ errors: Array(50_000).fill({ message: filled("a", 70), code: "x" }) }),
  ),
  thinking("4 MB of <think>", () => filled("<think>", replyChars)),
  thinking("4 MB of </think>", () => filled("</think>", replyChars)),
  thinking("4 MB of blocks of thought", () => filled("<think>a</think>\n", replyChars)),
  thinking("4 MB of channel tokens", () =>
    filled("<|channel|>analysis<|message|>a<|end|>", replyChars),
  ),
  thinking("4 MB of code fences", () => filled("```\n<think>", replyChars)),
  thinking("4 MB of spaces", () => filled(" ", replyChars)),
  calls("500 KB of <tool_call>", () => filled("<tool_call>", 500_000)),
  calls("500 KB of [TOOL_CALLS]", () => filled("[TOOL_CALLS]", 500_000)),
  calls("500 KB of opening braces", () => filled('{"name":"', 500_000)),
  calls("500 KB of function calls", () => filled("read_file(", 500_000)),
  calls("500 KB of invoke tags", () => filled('<invoke name="read_file">', 500_000)),
  loose("500 KB of opening brackets", () => filled("[{", 500_000)),
  loose("500 KB of quotes", () => filled('"', 500_000)),
  loose("500 KB of backslashes", () => `"${filled("\\", 500_000)}`),
  loose("500 KB of comments", () => filled("/*", 500_000)),
  loose("500 KB of members without quotes", () => `{${filled("a:1 ", 500_000)}`),
  {
    place: "consumer/models/repair/loose_json.ts",
    input: "500 KB of broken escapes",
    prepare: () => () => repairEscapes(`"${filled("\\x", 500_000)}"`),
  },
  candidates("500 KB of fences", () => filled("```json\n", 500_000)),
  candidates("500 KB of fences with JSON", () => filled("```json\n{}\n```\n", 500_000)),
  schema("a pattern with overlapping alternatives", () => `${filled("a", 30)}!`, {
    type: "string",
    pattern: "^(a|a)*$",
  }),
  schema("a pattern with four repetitions on 100 KB", () => filled("a", 100_000), {
    type: "string",
    pattern: "a*a*a*a*b",
  }),
  schema("a pattern with a back-reference on 100 KB", () => filled("a", 100_000), {
    type: "string",
    pattern: "^(a+)+\\1b",
  }),
  schema("unique items of 100 KB", () => Array.from({ length: 20_000 }, (_, at) => [at]), {
    type: "array",
    uniqueItems: true,
  }),
  schema("a choice of 1,000 against 1,000 values", () => Array(1_000).fill("z"), {
    type: "array",
    items: { enum: Array.from({ length: 1_000 }, (_, at) => `n${at}`) },
  }),
  schema("a format on 500 KB", () => filled("a@", 500_000), { type: "string", format: "email" }),
  reply("500 KB of arguments that are nested calls", () => [
    "",
    {
      id: "a",
      type: "function",
      function: { name: "search", arguments: filled('{"query":', 500_000) },
    },
  ]),
  reply("4 MB of one letter", () => [filled("a", replyChars)]),
  reply("4 MB of end tokens", () => [filled("<|im_end|> ", replyChars)]),
  reply("a call's name of 4 MB", () => [
    "",
    { id: "a", type: "function", function: { name: filled("a.", replyChars), arguments: "{}" } },
  ]),
  {
    place: "consumer/models/reply/redact_key.ts",
    input: "4 MB of starts of the key",
    prepare: () => {
      const value = {
        choices: [
          { finish_reason: "stop", message: { content: filled("mk-SECRET+ke", replyChars) } },
        ],
      };
      const outcome = normalise(value, request(), 0);
      const redact = keyRedactor('mk-SECRET+key/9=z"q');
      return () => redact(outcome);
    },
  },
  {
    place: "consumer/loop/conversation/tool_text.ts",
    input: "a tool's output of 20 MB",
    prepare: () => {
      const text = filled("\ud83d\ude00\n", 20_000_000);
      return () => cutMiddle(text, modelLimits.toolOutputCharsMax, "");
    },
  },
];
