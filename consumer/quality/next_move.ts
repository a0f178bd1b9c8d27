/**
 * What a task does next, decided from its journal: work, check, correct, escalate or end. Pure: any worker that
 * reads the same steps makes the same move, so a task continues wherever its last worker died.
 *
 * The order is: each sample works, its answer passes its checks or is corrected, the samples vote, and what the
 * model could not do goes to the next one.
 */
import type { EscalationCause } from "../../shared/task/quality.ts";
import { threadOf } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import type { WaitingAnswer } from "../loop/answer/find_answer.ts";
import type { LoopEnd } from "../loop/loop_end.ts";
import { type Attempt, foldAttempt, type JournalView } from "./attempt.ts";
import { checkFailedEnd, checkUnfinishedEnd, noAgreementEnd } from "./ends.ts";
import type { QualityPlan, SamplePlan } from "./plan.ts";
import { type Ballot, classesOf, decideVote } from "./vote.ts";

type FailedEnd = LoopEnd & { kind: "failed" };

export type Move =
  | { kind: "work"; thread: ThreadMark }
  | { kind: "check"; thread: ThreadMark; attempt: Attempt & { kind: "checking" } }
  | { kind: "correct"; thread: ThreadMark; attempt: Attempt & { kind: "correcting" } }
  | { kind: "escalate"; tier: number; cause: EscalationCause; words: string }
  /** `thread` gave the answer, or worked last. */
  | { kind: "end"; end: LoopEnd; thread: ThreadMark };

/** How a thread's work ended without an answer, in this slice. */
export interface WorkEnd {
  thread: ThreadMark;
  end: FailedEnd;
}

/** The causes for which another model may continue. */
export const escalationCauseOf = ({ reason }: FailedEnd): EscalationCause | null => {
  switch (reason) {
    case "invalid_output":
    case "no_progress":
    case "check_failed":
    case "no_agreement":
      return reason;
    default:
      return null;
  }
};

export function nextMove(
  plan: QualityPlan,
  journal: JournalView,
  workEnd: WorkEnd | null = null,
): Move {
  const tier = Math.max(0, ...journal.steps.map((step) => threadOf(step).tier ?? 0));
  if (tier === 0 && plan.samples !== null) return nextSample(plan, plan.samples, journal);
  const thread: ThreadMark = tier === 0 ? {} : { tier };
  if (workEnd !== null) return afterFailure(plan, thread, workEnd.end);
  const attempt = foldAttempt(plan, journal, thread);
  const move = moveWithin(plan, thread, attempt);
  if (move !== null) return move;
  return attempt.kind === "passed"
    ? answerWith(thread, attempt.answer)
    : afterFailure(plan, thread, checkFailedEnd(plan, attempt));
}

const answerWith = (thread: ThreadMark, { output }: Pick<WaitingAnswer, "output">): Move => ({
  kind: "end",
  end: { kind: "answered", output },
  thread,
});

/** What the thread itself does next; null if its answer passed or was rejected, or if the thread ended without one. */
function moveWithin(plan: QualityPlan, thread: ThreadMark, attempt: Attempt): Move | null {
  switch (attempt.kind) {
    case "working":
      return { kind: "work", thread };
    case "checking":
      return { kind: "check", thread, attempt };
    case "correcting":
      return { kind: "correct", thread, attempt };
    case "unverdicted":
      return { kind: "end", end: checkUnfinishedEnd(plan, attempt), thread };
    default:
      return null;
  }
}

/** The samples run one after another, so that no more of them run than the vote needs. */
function nextSample(plan: QualityPlan, samples: SamplePlan, journal: JournalView): Move {
  const ballots: Ballot[] = [];
  const causes: EscalationCause[] = [];
  let thread: ThreadMark = {};
  for (let sample = 1; sample <= samples.count; sample++) {
    thread = { sample };
    const attempt = foldAttempt(plan, journal, thread);
    const move = moveWithin(plan, thread, attempt);
    if (move !== null) return move;
    if (attempt.kind === "passed") ballots.push({ sample, output: attempt.answer.output });
    else causes.push(attempt.kind === "ended" ? attempt.cause : "check_failed");
    const classes = classesOf(ballots, samples.agreeOn);
    const vote = decideVote(classes, samples.need, samples.count - sample);
    if (vote.kind === "won")
      return answerWith({ sample: vote.winner.samples[0] ?? 1 }, vote.winner);
    if (vote.kind === "lost") break;
  }
  const end = noAgreementEnd(samples, classesOf(ballots, samples.agreeOn), causes);
  return afterFailure(plan, thread, end, causes);
}

/** The first later model that is for one of these causes continues; without one the task has failed. */
function afterFailure(
  { escalations }: QualityPlan,
  thread: ThreadMark,
  end: FailedEnd,
  causesOfSamples: readonly EscalationCause[] = [],
): Move {
  const cause = escalationCauseOf(end);
  const causes = cause === null ? [] : [cause, ...causesOfSamples];
  const from = thread.tier ?? 0;
  const found = escalations.findIndex(
    ({ when }, index) =>
      index >= from && causes.some((each) => when === undefined || when.includes(each)),
  );
  if (found === -1 || cause === null) return { kind: "end", end, thread };
  return { kind: "escalate", tier: found + 1, cause, words: end.message };
}
