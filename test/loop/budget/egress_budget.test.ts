import { expect, test } from "vitest";
import { isEgressExhausted } from "../../../consumer/loop/budget/egress_budget.ts";
import { boundsOf } from "../../../shared/spend/budgets.ts";
import type { Step } from "../../../shared/task/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const limits = { requests: 100, bytes: 10_000_000 };
const refusal = (): Step => {
  const step = toolStep(callOf("aaaaaaaaa"), "429");
  if (step.payload.kind === "tool") step.payload.egress_refused = limits;
  return step;
};
const worked = toolStep(callOf("bbbbbbbbb"), "ok");
const replied = modelStep(replyOf({ text: "so" }));
const failed = modelStep(null);

test.each([
  ["no steps", [], {}, false],
  ["tool calls without a refusal", [replied, worked, replied], {}, false],
  ["a refusal", [replied, refusal()], {}, true],
  ["a refusal among other calls", [replied, refusal(), worked], {}, true],
  ["a refusal and a failed model call", [replied, refusal(), failed], {}, true],
  ["a refusal and a reply", [replied, refusal(), replied], {}, true],
  ["a refusal, a reply and more tool calls", [refusal(), replied, worked], {}, true],
  [
    "a refusal under a lower limit of requests",
    [refusal(), replied],
    { egress_requests: 101 },
    false,
  ],
  [
    "a refusal under a lower limit of bytes",
    [refusal(), replied],
    { egress_bytes: 10_000_001 },
    false,
  ],
] as const)("the egress budget after %s", (_, steps, limits, exhausted) => {
  expect(isEgressExhausted(steps, boundsOf(limits))).toBe(exhausted);
});
