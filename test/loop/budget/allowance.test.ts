import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allow,
  type Bounds,
  boundsOf,
  budgetMessage,
  exhausted,
  toolCallsLeft,
} from "../../../consumer/loop/budget/allowance.ts";
import { budgetCeilings, budgetDefaults } from "../../../shared/limits.ts";
import { noUsage, type Usage } from "../../../shared/usage.ts";

const bounds = (more: Partial<Bounds> = {}): Bounds => boundsOf(more);
const used = (more: Partial<Usage>): Usage => ({ ...noUsage, ...more });
const free = { inputPerToken: 0, outputPerToken: 0 };
const next = {
  promptTokens: 1_000,
  outputTokensMax: 2_000,
  prices: free,
  egressRefused: false,
  lostClaims: 0,
};

test("what a task does not bound has the default bound", () => {
  expect(boundsOf(undefined)).toEqual(budgetDefaults);
  expect(boundsOf({ steps: 7 })).toEqual({ ...budgetDefaults, steps: 7 });
});

describe("a budget that is used up", () => {
  test.each([
    [{}, null],
    [{ steps: 29 }, null],
    [{ steps: 30 }, "budget_steps"],
    [{ model_calls: 30 }, "budget_model_calls"],
    [{ prompt_tokens: 600_000, completion_tokens: 400_000 }, "budget_tokens"],
    [{ prompt_tokens: 999_999, cached_tokens: 999_999 }, null],
    [{ cost_usd: 1 }, "budget_cost"],
    [{ seconds: 899.9 }, null],
    [{ seconds: 900 }, "budget_seconds"],
    [{ tool_calls: 60 }, null],
  ] as const)("%j: %s", (spent, reason) => {
    expect(exhausted(used(spent), bounds())).toBe(reason);
  });
});

describe("further tool calls, of which one step is kept for the answer", () => {
  test.each([
    [{}, 29, null],
    [{ tool_calls: 59 }, 1, null],
    [{ tool_calls: 60 }, 0, "budget_tool_calls"],
    [{ steps: 28 }, 1, null],
    [{ steps: 29 }, 0, "budget_steps"],
    [{ seconds: 900 }, 0, "budget_seconds"],
    [{ model_calls: 30, prompt_tokens: 2_000_000 }, 29, null],
  ] as const)("after %j: %i fit, %s", (spent, count, reason) => {
    expect(toolCallsLeft(used(spent), bounds())).toEqual({ count, spent: reason });
  });
});

describe("the next model call", () => {
  test.each([
    ["a fresh task may use every tool", {}, {}, "tools", null],
    [
      "the last call is for the answer",
      { model_calls: 29 },
      {},
      "final_answer",
      "budget_model_calls",
    ],
    ["a call, a tool and the answer still fit", { steps: 27 }, {}, "tools", null],
    ["no tool fits before the answer", { steps: 28 }, {}, "final_answer", "budget_steps"],
    ["the last step is for the answer", { steps: 29 }, {}, "final_answer", "budget_steps"],
    [
      "a task of one call only answers",
      {},
      { model_calls: 1 },
      "final_answer",
      "budget_model_calls",
    ],
    [
      "without tool calls left it answers",
      { tool_calls: 60 },
      {},
      "final_answer",
      "budget_tool_calls",
    ],
    [
      "a task that may not call tools answers",
      {},
      { tool_calls: 0 },
      "final_answer",
      "budget_tool_calls",
    ],
    [
      "when no further turn fits it answers",
      { prompt_tokens: 990_000 },
      {},
      "final_answer",
      "budget_tokens",
    ],
    [
      "a small token budget is spent on work first",
      { prompt_tokens: 20_000 },
      { tokens: 30_000 },
      "tools",
      null,
    ],
  ] as const)("%s", (_, spent, asked, offered, because) => {
    expect(allow(used(spent), bounds(asked), next)).toMatchObject({ kind: "go", offered, because });
  });

  test("a request that found the egress budget used up leaves the answer alone", () => {
    const call = { ...next, egressRefused: true };
    expect(allow(used({}), bounds(), call)).toMatchObject({
      kind: "go",
      offered: "final_answer",
      because: "budget_egress",
    });
  });

  test.each([
    ["steps", { steps: 30 }, next, "budget_steps"],
    ["tokens that the prompt alone would take", { prompt_tokens: 999_000 }, next, "budget_tokens"],
    [
      "dollars that the prompt alone would take",
      { cost_usd: 0.9 },
      { ...next, prices: { inputPerToken: 0.0001, outputPerToken: 0.0001 } },
      "budget_cost",
    ],
  ] as const)("stops for want of %s", (_, spent, call, reason) => {
    expect(allow(used(spent), bounds(), call)).toEqual({ kind: "stop", reason });
  });

  test.each([
    ["the model's own limit", {}, free, 2_000],
    ["the tokens left", { prompt_tokens: 998_500 }, free, 500],
    ["the dollars left", { cost_usd: 0.5 }, { inputPerToken: 0.0001, outputPerToken: 0.001 }, 400],
  ] as const)("asks for no more output than %s", (_, spent, prices, outputTokensMax) => {
    expect(allow(used(spent), bounds(), { ...next, prices })).toMatchObject({ outputTokensMax });
  });

  test.each([
    [0, 2_000],
    [1, 2_000],
    [2, 1_500],
    [3, null],
  ])("reckons with what %i dead workers may have bought, but for one call", (lostClaims, most) => {
    const answer = allow(used({ prompt_tokens: 994_500 }), bounds(), { ...next, lostClaims });
    expect(answer.kind === "go" ? answer.outputTokensMax : null).toBe(most);
  });

  test("a call that uses all it may stays within tokens and dollars, whatever was used", () => {
    const count = (max: number) => fc.integer({ min: 0, max });
    const price = fc.double({ min: 0, max: 0.001, noNaN: true });
    fc.assert(
      fc.property(
        count(2_000_000),
        count(200_000),
        fc.double({ min: 0, max: 2, noNaN: true }),
        count(200_000),
        fc.integer({ min: 1, max: 100_000 }),
        price,
        price,
        (tokens, completion, cost_usd, promptTokens, outputTokensMax, input, output) => {
          const before = used({ prompt_tokens: tokens, completion_tokens: completion, cost_usd });
          const prices = { inputPerToken: input, outputPerToken: output };
          const call = { ...next, promptTokens, outputTokensMax, prices };
          const answer = allow(before, bounds(), call);
          if (answer.kind === "stop") return;
          const most = answer.outputTokensMax;
          expect(most).toBeGreaterThan(0);
          expect(most).toBeLessThanOrEqual(outputTokensMax);
          expect(tokens + completion + promptTokens + most).toBeLessThanOrEqual(
            budgetDefaults.tokens,
          );
          if (output > 0) {
            const spent = cost_usd + promptTokens * input + most * output;
            expect(spent).toBeLessThanOrEqual(budgetDefaults.cost_usd + 1e-9);
          }
        },
      ),
    );
  });
});

test.each([
  ["budget_steps", "limits.steps (30)"],
  ["budget_cost", "limits.cost_usd (1)"],
  ["budget_egress", "limits.egress_requests (100)"],
] as const)("%s is told with its field and value", (reason, said) => {
  expect(budgetMessage(reason, bounds())).toContain(said);
});

test("no default lies above its ceiling", () => {
  const above = Object.entries(budgetDefaults).filter(
    ([name, value]) => value > budgetCeilings[name as keyof typeof budgetCeilings],
  );
  expect(above).toEqual([]);
});
