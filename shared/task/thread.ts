/**
 * The threads of a task: each sample, each model that it escalates to and each check of an answer works by
 * itself, on steps of its own. All are in one journal, in the order in which they happened, and share the
 * task's budgets. A task without samples, checks and escalation has one thread.
 */
import type { Step, StepPayload } from "./step.ts";
import type { ThreadMark } from "./thread_mark.ts";

/** The task's first thread. */
export const mainThread: ThreadMark = {};

const keyOf = ({ tier = 0, sample = 0, check }: ThreadMark): string =>
  [tier, sample, check?.n ?? 0, check?.answer ?? 0, check?.tries ?? 0].join(" ");

export const isSameThread = (a: ThreadMark, b: ThreadMark): boolean => keyOf(a) === keyOf(b);

export const threadOf = ({ payload }: Pick<Step, "payload">): ThreadMark =>
  payload.thread ?? mainThread;

export function stepsOfThread<T extends Pick<Step, "payload">>(
  steps: readonly T[],
  thread: ThreadMark,
): T[] {
  const key = keyOf(thread);
  return steps.filter((step) => keyOf(threadOf(step)) === key);
}

/** The payload as a step of this thread. */
export const markPayload = <T extends StepPayload>(payload: T, thread: ThreadMark): T =>
  isSameThread(thread, mainThread) ? payload : { ...payload, thread };

/** The last thread in which a model worked on the task itself, and not on a check. */
export function lastWorkingThread(steps: readonly Pick<Step, "payload">[]): ThreadMark {
  const last = steps.findLast(({ payload }) => payload.thread?.check === undefined);
  return last === undefined ? mainThread : threadOf(last);
}
