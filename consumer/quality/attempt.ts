/** How far one thread has come, folded from the journal: its work, then each check of its answer. Pure. */
import { qualityLimits } from "../../shared/limits.ts";
import type { EscalationCause } from "../../shared/task/quality.ts";
import type { Step } from "../../shared/task/step.ts";
import { isSameThread, stepsOfThread } from "../../shared/task/thread.ts";
import type { CheckMark, QualityEvent, ThreadMark } from "../../shared/task/thread_mark.ts";
import { findWaitingAnswer, type WaitingAnswer } from "../loop/answer/find_answer.ts";
import type { QualityPlan } from "./plan.ts";

export type Attempt =
  /** The model has no answer yet. */
  | { kind: "working" }
  | { kind: "checking"; answer: WaitingAnswer; check: CheckMark }
  /** A check gave no verdict in any of its tries, and is not tried again. */
  | { kind: "unverdicted"; n: number; words: string }
  /** A check failed, and the model may correct its answer. */
  | { kind: "correcting"; answer: WaitingAnswer; n: number; words: string }
  | { kind: "rejected"; n: number; words: string }
  | { kind: "passed"; answer: WaitingAnswer }
  /** A sample that ended without an answer. */
  | { kind: "ended"; cause: EscalationCause };

/** The steps of a task, and since when its current run goes: a resumed task may correct and try again. */
export interface JournalView {
  steps: readonly Step[];
  resumedFrom: number;
}

export function foldAttempt(
  plan: QualityPlan,
  { steps, resumedFrom }: JournalView,
  thread: ThreadMark,
): Attempt {
  const own = stepsOfThread(steps, thread);
  const ofRun = own.filter(({ fence }) => fence > resumedFrom);
  const end = eventsIn(own).find((event) => event.kind === "sample_end");
  if (end !== undefined) return { kind: "ended", cause: end.cause };
  const answer = findWaitingAnswer(plan.form, own);
  if (answer === null) return { kind: "working" };
  for (const index of plan.checks.keys()) {
    const n = index + 1;
    const tries = verdictsOf(steps, thread, answer.seq, n);
    const last = tries.at(-1);
    if (last?.event.verdict === "passed") continue;
    if (last?.event.verdict === "failed") {
      const words = last.text;
      const corrections = eventsIn(ofRun).filter(({ kind }) => kind === "correction").length;
      return corrections < plan.corrections
        ? { kind: "correcting", answer, n, words }
        : { kind: "rejected", n, words };
    }
    const triesOfRun = tries.filter(({ fence }) => fence > resumedFrom).length;
    if (last !== undefined && triesOfRun >= qualityLimits.checkTriesMax)
      return { kind: "unverdicted", n, words: last.text };
    const check = { n, answer: answer.seq, tries: tries.length + 1 };
    return { kind: "checking", answer, check };
  }
  return { kind: "passed", answer };
}

export function eventsIn(steps: readonly Step[]): QualityEvent[] {
  return steps.flatMap(({ payload }) =>
    payload.kind === "tool" && payload.quality !== undefined ? [payload.quality] : [],
  );
}

type VerdictEvent = QualityEvent & { kind: "verdict" };

/** The verdicts of one check about one answer, in order. */
function verdictsOf(
  steps: readonly Step[],
  { check: _, ...worker }: ThreadMark,
  answer: number,
  n: number,
): { event: VerdictEvent; text: string; fence: number }[] {
  return steps.flatMap(({ payload, fence }) => {
    if (payload.kind !== "tool" || payload.quality?.kind !== "verdict") return [];
    const event = payload.quality;
    const { check: __, ...of } = payload.thread ?? {};
    const isOf = event.check.n === n && event.check.answer === answer && isSameThread(of, worker);
    return isOf ? [{ event, text: payload.text, fence }] : [];
  });
}
