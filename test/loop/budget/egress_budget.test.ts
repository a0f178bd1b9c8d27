import { expect, test } from "vitest";
import { boundsOf } from "../../../consumer/loop/budget/allowance.ts";
import { egressRefused } from "../../../consumer/loop/budget/egress_budget.ts";
import type { Step } from "../../../shared/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const limits = { requests: 100, bytes: 10_000_000 };
const refused = (): Step => {
  const step = toolStep(callOf("aaaaaaaaa"), "429");
  if (step.payload.kind === "tool") step.payload.egress_refused = limits;
  return step;
};
const worked = toolStep(callOf("bbbbbbbbb"), "ok");
const replied = modelStep(replyOf({ text: "so" }));
const failed = modelStep(null);

test.each([
  ["nothing yet", [], {}, false],
  ["tools that were not refused", [replied, worked, replied], {}, false],
  ["a refusal", [replied, refused()], {}, true],
  ["a refusal among other calls", [replied, refused(), worked], {}, true],
  ["a call of the model that failed since", [replied, refused(), failed], {}, true],
  ["a reply since", [replied, refused(), replied], {}, true],
  ["a reply since that called tools again", [refused(), replied, worked], {}, true],
  ["more requests since", [refused(), replied], { egress_requests: 101 }, false],
  ["more bytes since", [refused(), replied], { egress_bytes: 10_000_001 }, false],
] as const)("after %s", (_, steps, more, state) => {
  expect(egressRefused(steps, boundsOf(more))).toBe(state);
});
