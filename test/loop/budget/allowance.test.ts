import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allowanceFor,
  budgetMessage,
  toolCallsLeft,
} from "../../../consumer/loop/budget/allowance.ts";
import { budgetCeilings, budgetDefaults } from "../../../shared/limits.ts";
import { type Bounds, boundsOf, exhaustedBudget } from "../../../shared/spend/budgets.ts";
import { noUsage, type Usage } from "../../../shared/spend/usage.ts";

const bounds = (overrides: Partial<Bounds> = {}): Bounds => boundsOf(overrides);
const usageOf = (overrides: Partial<Usage>): Usage => ({ ...noUsage, ...overrides });
const free = { inputPerToken: 0, outputPerToken: 0 };
const next = {
  promptTokens: 1_000,
  outputTokensMax: 2_000,
  prices: free,
  egressRefused: false,
  lostClaims: 0,
};

test("a limit that the task does not set has its default", () => {
  expect(boundsOf(undefined)).toEqual(budgetDefaults);
  expect(boundsOf({ steps: 7 })).toEqual({ ...budgetDefaults, steps: 7 });
});

describe("the exhausted budget", () => {
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
  ] as const)("after %j is %s", (spent, reason) => {
    expect(exhaustedBudget(usageOf(spent), bounds())).toBe(reason);
  });
});

describe("the tool calls left, with one step reserved for the answer", () => {
  test.each([
    [{}, 29, null],
    [{ tool_calls: 59 }, 1, null],
    [{ tool_calls: 60 }, 0, "budget_tool_calls"],
    [{ steps: 28 }, 1, null],
    [{ steps: 29 }, 0, "budget_steps"],
    [{ seconds: 900 }, 0, "budget_seconds"],
    [{ model_calls: 30, prompt_tokens: 2_000_000 }, 29, null],
  ] as const)("after %j are %i, exhausted: %s", (spent, count, reason) => {
    expect(toolCallsLeft(usageOf(spent), bounds())).toEqual({ count, exhausted: reason });
  });
});

describe("the next model call", () => {
  test.each([
    ["a new task is offered every tool", {}, {}, "tools", null],
    [
      "the last model call is for the answer",
      { model_calls: 29 },
      {},
      "final_answer",
      "budget_model_calls",
    ],
    ["a task with three steps left is offered every tool", { steps: 27 }, {}, "tools", null],
    ["a task with two steps left only answers", { steps: 28 }, {}, "final_answer", "budget_steps"],
    ["the last step is for the answer", { steps: 29 }, {}, "final_answer", "budget_steps"],
    [
      "a task with one model call only answers",
      {},
      { model_calls: 1 },
      "final_answer",
      "budget_model_calls",
    ],
    [
      "a task without tool calls left only answers",
      { tool_calls: 60 },
      {},
      "final_answer",
      "budget_tool_calls",
    ],
    [
      "a task that may not call tools only answers",
      {},
      { tool_calls: 0 },
      "final_answer",
      "budget_tool_calls",
    ],
    [
      "a task without room for another turn only answers",
      { prompt_tokens: 990_000 },
      {},
      "final_answer",
      "budget_tokens",
    ],
    [
      "a small token budget reserves no further turn",
      { prompt_tokens: 20_000 },
      { tokens: 30_000 },
      "tools",
      null,
    ],
  ] as const)("%s", (_, spent, limits, offer, cause) => {
    expect(allowanceFor(usageOf(spent), bounds(limits), next)).toMatchObject({
      kind: "go",
      offered: offer,
      cause,
    });
  });

  test("a request that exceeded the egress budget leaves only the answer", () => {
    const call = { ...next, egressRefused: true };
    expect(allowanceFor(usageOf({}), bounds(), call)).toMatchObject({
      kind: "go",
      offered: "final_answer",
      cause: "budget_egress",
    });
  });

  test.each([
    ["steps", { steps: 30 }, next, "budget_steps"],
    ["tokens for the prompt", { prompt_tokens: 999_000 }, next, "budget_tokens"],
    [
      "dollars for the prompt",
      { cost_usd: 0.9 },
      { ...next, prices: { inputPerToken: 0.0001, outputPerToken: 0.0001 } },
      "budget_cost",
    ],
  ] as const)("is not made without enough %s", (_, spent, call, reason) => {
    expect(allowanceFor(usageOf(spent), bounds(), call)).toEqual({ kind: "stop", reason });
  });

  test.each([
    ["the model's own limit", {}, free, 2_000],
    ["the tokens left", { prompt_tokens: 998_500 }, free, 500],
    ["the dollars left", { cost_usd: 0.5 }, { inputPerToken: 0.0001, outputPerToken: 0.001 }, 400],
  ] as const)("may write no more than %s", (_, spent, prices, outputTokensMax) => {
    expect(allowanceFor(usageOf(spent), bounds(), { ...next, prices })).toMatchObject({
      outputTokensMax,
    });
  });

  test.each([
    [0, 2_000],
    [1, 2_000],
    [2, 1_500],
    [3, null],
  ])("leaves out what %i dead workers may have spent, except the first", (lostClaims, max) => {
    const allowance = allowanceFor(usageOf({ prompt_tokens: 994_500 }), bounds(), {
      ...next,
      lostClaims,
    });
    expect(allowance.kind === "go" ? allowance.outputTokensMax : null).toBe(max);
  });

  test("stays within tokens and dollars even if it uses all that it may", () => {
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
          const before = usageOf({
            prompt_tokens: tokens,
            completion_tokens: completion,
            cost_usd,
          });
          const prices = { inputPerToken: input, outputPerToken: output };
          const call = { ...next, promptTokens, outputTokensMax, prices };
          const allowance = allowanceFor(before, bounds(), call);
          if (allowance.kind === "stop") return;
          const max = allowance.outputTokensMax;
          expect(max).toBeGreaterThan(0);
          expect(max).toBeLessThanOrEqual(outputTokensMax);
          expect(tokens + completion + promptTokens + max).toBeLessThanOrEqual(
            budgetDefaults.tokens,
          );
          if (output > 0) {
            const spent = cost_usd + promptTokens * input + max * output;
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
] as const)("the message for %s names the limit and its value", (reason, text) => {
  expect(budgetMessage(reason, bounds())).toContain(text);
});

test("no default is above its ceiling", () => {
  const largeBudgets = Object.entries(budgetDefaults).filter(
    ([name, value]) => value > budgetCeilings[name as keyof typeof budgetCeilings],
  );
  expect(largeBudgets).toEqual([]);
});
