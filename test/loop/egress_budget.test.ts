import { expect, test } from "vitest";
import { boundsOf } from "../../consumer/loop/budget.ts";
import { egressState } from "../../consumer/loop/egress_budget.ts";
import type { Step } from "../../shared/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "./steps.ts";

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
  ["nothing yet", [], {}, "fine"],
  ["tools that were not refused", [replied, worked, replied], {}, "fine"],
  ["a refusal", [replied, refused()], {}, "refused"],
  ["a refusal among other calls", [replied, refused(), worked], {}, "refused"],
  ["a call of the model that failed since", [replied, refused(), failed], {}, "refused"],
  ["a reply since", [replied, refused(), replied], {}, "told"],
  ["a reply since that called tools again", [refused(), replied, worked], {}, "told"],
  ["more requests since", [refused(), replied], { egress_requests: 101 }, "fine"],
  ["more bytes since", [refused(), replied], { egress_bytes: 10_000_001 }, "fine"],
] as const)("after %s", (_, steps, more, state) => {
  expect(egressState(steps, boundsOf(more))).toBe(state);
});
