/** How a task ends whose answer did not pass, and the words that a model and people get. Pure. */
import { qualityLimits } from "../../shared/limits.ts";
import type { EscalationCause } from "../../shared/task/quality.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import { cutMiddle } from "../loop/conversation/tool_text.ts";
import type { LoopEnd } from "../loop/loop_end.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import type { Attempt } from "./attempt.ts";
import { checkName, type QualityPlan, type SamplePlan } from "./plan.ts";
import type { AnswerClass } from "./vote.ts";

type FailedEnd = LoopEnd & { kind: "failed" };

export function checkFailedEnd(plan: QualityPlan, attempt: Attempt): FailedEnd {
  const [n, words] = attempt.kind === "rejected" ? [attempt.n, attempt.words] : [0, ""];
  const after = plan.corrections === 0 ? "" : ` after ${plan.corrections} corrections`;
  return {
    kind: "failed",
    reason: "check_failed",
    code: "check_failed",
    message: `The answer did not pass ${checkName(plan, n)}${after}: ${words}`,
  };
}

/** A check that cannot be made says nothing of the answer, so no other model can help. */
export function checkUnfinishedEnd(
  plan: QualityPlan,
  { n, words }: Attempt & { kind: "unverdicted" },
): FailedEnd {
  const message = `${checkName(plan, n)} gave no verdict in ${qualityLimits.checkTriesMax} tries, so the answer is neither accepted nor rejected: ${words} Correct the check, then resume the task.`;
  return { kind: "failed", reason: "check_failed", code: "check_error", message };
}

export function noAgreementEnd(
  { count, need, agreeOn }: SamplePlan,
  classes: readonly AnswerClass[],
  causes: readonly EscalationCause[],
): FailedEnd {
  const where = agreeOn.length === 0 ? "" : ` on ${agreeOn.join(", ")}`;
  const listed = classes.map(
    ({ value, samples }) =>
      `${cutMiddle(canonicalJson(value), qualityLimits.classCharsMax, "see the steps")} (${samples.length})`,
  );
  const ran = causes.length + classes.reduce((sum, { samples }) => sum + samples.length, 0);
  const answers = listed.length === 0 ? "no sample passed" : `the answers are ${listed.join(", ")}`;
  const without = causes.length === 0 ? "" : `; ${causes.length} without one that passed`;
  return {
    kind: "failed",
    reason: "no_agreement",
    code: "no_agreement",
    message: `${need} of ${count} samples must agree${where}, and after ${ran} they cannot: ${answers}${without}.`,
  };
}

/** What the model reads of a failed check. */
export const correctionText = (name: string, words: string): string =>
  `The answer was not accepted. ${name}: ${words}\nCorrect it, and call ${finalAnswerName} again.`;

/** What a model reads of the failure before it. */
export const sharedFailureText = (words: string, draft: string | undefined): string =>
  [
    `Another model tried this task before you and failed: ${words}`,
    ...(draft === undefined ? [] : [`Its last answer, which may be wrong:\n${draft}`]),
  ].join("\n\n");
