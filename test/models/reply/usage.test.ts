import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { request } from "../request.ts";

const text = "The lamps of the harbour are lit, and all of the boats are in. ".repeat(8);

function usageOf(usage: unknown, content: string = "Lit.") {
  const message = { role: "assistant", content };
  const outcome = normalise({ choices: [{ finish_reason: "stop", message }], usage }, request(), 0);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.reply.usage;
}

type Counts = [prompt: number, cached: number, completion: number];

describe("what a reply used is counted", () => {
  const rows: [name: string, usage: object, counts: Counts][] = [
    [
      "with thinking tokens that only the total includes",
      {
        prompt_tokens: 200,
        completion_tokens: 15,
        total_tokens: 4_215,
        completion_tokens_details: { reasoning_tokens: 4_000 },
      },
      [200, 0, 4_015],
    ],
    [
      "with reasoning that is reported apart, without a total",
      {
        prompt_tokens: 200,
        completion_tokens: 15,
        completion_tokens_details: { reasoning_tokens: 4_000 },
      },
      [200, 0, 4_015],
    ],
    [
      "with a total above both, as Gemini's",
      { prompt_tokens: 300, completion_tokens: 20, total_tokens: 1_320 },
      [300, 0, 1_020],
    ],
    [
      "once where reasoning is inside the completion",
      {
        prompt_tokens: 100,
        completion_tokens: 900,
        total_tokens: 1_000,
        completion_tokens_details: { reasoning_tokens: 800 },
      },
      [100, 0, 900],
    ],
    [
      "with cached tokens at the top, as Kimi's",
      { prompt_tokens: 5_000, completion_tokens: 10, total_tokens: 5_010, cached_tokens: 4_000 },
      [5_000, 4_000, 10],
    ],
    [
      "with cached tokens as Anthropic names them",
      { prompt_tokens: 5_000, completion_tokens: 10, cache_read_input_tokens: 3_000 },
      [5_000, 3_000, 10],
    ],
    [
      "with cached tokens as DeepSeek names them",
      { prompt_tokens: 5_000, completion_tokens: 10, prompt_cache_hit_tokens: 2_000 },
      [5_000, 2_000, 10],
    ],
    [
      "with cached tokens in the details",
      { prompt_tokens: 90, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 64 } },
      [90, 64, 1],
    ],
    [
      "from digits in text",
      { prompt_tokens: "70000", completion_tokens: "30", total_tokens: "70030" },
      [70_000, 0, 30],
    ],
    [
      "whole where the total is too small",
      { prompt_tokens: 80, completion_tokens: 20, total_tokens: 90 },
      [80, 0, 20],
    ],
    [
      "with no more cached tokens than the prompt has",
      { prompt_tokens: 80, completion_tokens: 5, total_tokens: 85, cached_tokens: 900 },
      [80, 80, 5],
    ],
    [
      "from Responses' fields",
      { input_tokens: 40, output_tokens: 6, input_tokens_details: { cached_tokens: 32 } },
      [40, 32, 6],
    ],
  ];
  test.each(rows)("%s", (_name, usage, [prompt_tokens, cached_tokens, completion_tokens]) => {
    expect(usageOf(usage)).toMatchObject({
      prompt_tokens,
      cached_tokens,
      completion_tokens,
      estimated: false,
    });
  });
});

describe("an estimate is marked where the endpoint", () => {
  test.each([
    ["reports nothing", undefined],
    ["reports zero for both", { prompt_tokens: 0, completion_tokens: 0 }],
    ["reports words", { prompt_tokens: "many", completion_tokens: "few" }],
    ["reports far less than the text", { prompt_tokens: 90, completion_tokens: 1 }],
  ])("%s", (_name, usage) => {
    const readUsage = usageOf(usage, text);
    expect(readUsage.estimated).toBe(true);
    expect(readUsage.completion_tokens).toBeGreaterThan(100);
    expect(readUsage.prompt_tokens).toBeGreaterThan(0);
  });
});
