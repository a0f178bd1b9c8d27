import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import type { ModelOutcome } from "../../../shared/models/model.ts";
import { offer, request } from "../request.ts";
import observed from "./observed_replies.ndjson?raw";

type Outcome = "answer" | "ask_again" | "retry" | "filtered" | "cut" | "calls";

interface Row {
  id: string;
  reply: Record<string, unknown>;
  expect: {
    calls?: "none" | { name: string; arguments: Record<string, unknown> }[];
    text?: string;
    reasoning?: string;
    outcome?: Outcome;
  };
}

const string = { type: "string" };
const integer = { type: "integer" };
const tools = [
  offer("look_up_berth", { harbour: string, night: integer }, { required: ["harbour", "night"] }),
  offer(
    "weigh_crate",
    { crate: string, tare: { type: "number" }, wet: { type: "boolean" } },
    { required: ["crate"] },
  ),
  offer("note_down", { title: string, body: string }, { required: ["title", "body"] }),
  offer("ring_bell", {}),
  offer(
    "sort_tiles",
    {
      tiles: { type: "array", items: string },
      by: { type: "object", properties: { key: string, down: { type: "boolean" } } },
    },
    { required: ["tiles"] },
  ),
  offer(
    "book_berth",
    { harbour: string, nights: integer, extras: { type: "array", items: string }, note: string },
    { required: ["harbour", "nights"] },
  ),
];

function outcomeOf(outcome: ModelOutcome): Outcome {
  if (!outcome.ok) return "retry";
  const { finish, calls } = outcome.reply;
  if (finish === "filtered") return "filtered";
  if (finish === "length") return "cut";
  if (calls.length > 0) return "calls";
  return finish === "stop" ? "answer" : "ask_again";
}

const rows = observed
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);

describe("a reply as a server sent it", () => {
  test.each(rows.map((row) => [row.id, row] as const))("%s", (_id, { reply, expect: right }) => {
    const body = "choices" in reply ? reply : { choices: [{ index: 0, ...reply }] };
    const outcome = normalise(body, request({ tools }), 0);
    const calls = outcome.ok ? outcome.reply.calls : [];
    const runs = calls.filter((call) => call.problem === null);
    if (right.calls !== undefined) {
      const readCalls = runs.map(({ name, arguments: args }) => ({ name, arguments: args }));
      expect(readCalls).toEqual(right.calls === "none" ? [] : right.calls);
    }
    if (right.outcome !== undefined) expect(outcomeOf(outcome)).toBe(right.outcome);
    const { text, reasoning } = outcome.ok ? outcome.reply : { text: "", reasoning: "" };
    if (right.text !== undefined) expect(text.trim()).toBe(right.text);
    if (right.reasoning !== undefined) expect(reasoning.trim()).toBe(right.reasoning);
  });
});

describe("a reason to stop decides whether a text is an answer", () => {
  const reasons: [Outcome, string[]][] = [
    ["answer", ["stop", "STOP", "end_turn", "eos", "FINISH_REASON_STOP", "COMPLETE", "done"]],
    ["ask_again", ["tool_calls", "tool-calls", "TOOL_USE", "MALFORMED_FUNCTION_CALL", "eloped"]],
    ["cut", ["length", "MAX_TOKENS", "max_output_tokens", "model_length", "context_length"]],
    [
      "filtered",
      ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "SPII", "blocklist", "refusal"],
    ],
    ["retry", ["error", "ABORT", "cancelled", "timeout", "engine_error", "ERROR", "preempted"]],
  ];
  test.each(reasons.flatMap(([is, words]) => words.map((word) => [word, is] as const)))(
    "%s is %s",
    (finish_reason, is) => {
      const message = { role: "assistant", content: "The lamps number thir" };
      const body = { choices: [{ index: 0, finish_reason, message }] };
      expect(outcomeOf(normalise(body, request({ tools }), 0))).toBe(is);
    },
  );
});
