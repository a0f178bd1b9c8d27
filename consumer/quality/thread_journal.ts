/** The journal of one thread: it shows only the thread's steps, and marks those that it writes as the thread's. */

import type { Step } from "../../shared/task/step.ts";
import { markPayload, stepsOfThread } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import type { JournalWriter, StepDraft } from "../loop/journal/journal_writer.ts";
import type { LoopJournal } from "../loop/journal/loop_journal.ts";

export function journalOfThread(whole: JournalWriter, thread: ThreadMark): LoopJournal {
  const steps: Step[] = [];
  /** In place: a workspace reads the array as it grows. */
  const refresh = (): Step[] => {
    steps.splice(0, steps.length, ...stepsOfThread(whole.steps, thread));
    return steps;
  };
  const mark = (draft: StepDraft): StepDraft => ({
    ...draft,
    payload: markPayload(draft.payload, thread),
  });
  refresh();
  return {
    get steps() {
      return refresh();
    },
    get allSteps() {
      return whole.steps;
    },
    get stepsOfRun() {
      return stepsOfThread(whole.stepsOfRun, thread);
    },
    get resumedFrom() {
      return whole.resumedFrom;
    },
    get used() {
      return whole.used;
    },
    get nextSeq() {
      return whole.nextSeq;
    },
    get elapsedMs() {
      return whole.elapsedMs;
    },
    get hasProgressed() {
      return whole.hasProgressed;
    },
    async write(drafts, egress) {
      const result = await whole.write(drafts.map(mark), egress);
      refresh();
      return result;
    },
    hold(draft) {
      whole.hold(mark(draft));
      refresh();
    },
    addUsage: (spent) => whole.addUsage(spent),
    waitUntimed: (promise) => whole.waitUntimed(promise),
  };
}
