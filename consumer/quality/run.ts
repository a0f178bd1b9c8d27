/** Makes the moves of a task until it ends: each is journaled, or decided again from the journal. */

import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import type { JournalWriter, StepDraft } from "../loop/journal/journal_writer.ts";
import type { LoopEnd } from "../loop/loop_end.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import type { Attempt } from "./attempt.ts";
import { correctionText } from "./ends.ts";
import { escalationCauseOf, type Move, nextMove, type WorkEnd } from "./next_move.ts";
import { checkName, type QualityPlan } from "./plan.ts";
import { journalOfThread } from "./thread_journal.ts";

export interface QualityHost {
  /** Runs the loop of a thread until it has an answer or ends. */
  work(thread: ThreadMark): Promise<LoopEnd>;
  /** Journals one try of a check. Null: the verdict is in the journal; else why the slice must end. */
  check(thread: ThreadMark, attempt: Attempt & { kind: "checking" }): Promise<LoopEnd | null>;
}

export interface QualitySlice {
  journal: JournalWriter;
  signal: AbortSignal;
  sliceMs: number;
}

/** How the task or its slice ended, and the thread that gave the answer or worked last. */
export interface QualityEnd {
  end: LoopEnd;
  thread: ThreadMark;
}

export async function runQuality(
  plan: QualityPlan,
  slice: QualitySlice,
  host: QualityHost,
): Promise<QualityEnd> {
  let workEnd: WorkEnd | null = null;
  for (;;) {
    const move: Move = nextMove(plan, slice.journal, workEnd);
    if (move.kind === "end") return move;
    const end = await makeMove(plan, slice, host, move);
    workEnd = end?.kind === "failed" && move.kind === "work" ? { thread: move.thread, end } : null;
    if (workEnd !== null && escalationCauseOf(workEnd.end) !== null) {
      if (workEnd.thread.sample !== undefined) holdSampleEnd(slice.journal, workEnd);
    } else if (end !== null && "thread" in move) return { end, thread: move.thread };
  }
}

/** Null: the journal says what follows. */
async function makeMove(
  plan: QualityPlan,
  slice: QualitySlice,
  host: QualityHost,
  move: Exclude<Move, { kind: "end" }>,
): Promise<LoopEnd | null> {
  switch (move.kind) {
    case "work": {
      const end = await host.work(move.thread);
      return end.kind === "answered" ? null : end;
    }
    case "check":
      return findPause(slice) ?? (await host.check(move.thread, move.attempt));
    case "correct":
      return holdCorrection(plan, slice.journal, move);
    case "escalate":
      return holdEscalation(plan, slice.journal, move);
  }
}

/** Why no check may start now. */
function findPause({ journal, signal, sliceMs }: QualitySlice): LoopEnd | null {
  if (signal.aborted) return { kind: "lost" };
  return journal.hasProgressed && journal.elapsedMs >= sliceMs ? { kind: "yielded" } : null;
}

function holdSampleEnd(journal: JournalWriter, { thread, end }: WorkEnd): void {
  const cause = escalationCauseOf(end);
  if (cause === null) return;
  const quality = { kind: "sample_end", cause } as const;
  holdEvent(journal, thread, "sample", { text: end.message, quality });
}

function holdCorrection(
  plan: QualityPlan,
  journal: JournalWriter,
  { thread, attempt: { n, words, answer } }: Move & { kind: "correct" },
): null {
  const text = correctionText(checkName(plan, n), words);
  const quality = { kind: "correction", check: n } as const;
  holdEvent(journal, thread, finalAnswerName, { text, quality, callId: answer.callId });
  return null;
}

function holdEscalation(
  plan: QualityPlan,
  journal: JournalWriter,
  { tier, cause, words }: Move & { kind: "escalate" },
): null {
  const model = plan.escalations[tier - 1]?.model ?? "";
  const quality = { kind: "escalation", cause, model } as const;
  holdEvent(journal, { tier }, "escalate", { text: words, quality });
  return null;
}

/** Held for the next write: a worker that dies before decides the same again. */
function holdEvent(
  journal: JournalWriter,
  thread: ThreadMark,
  name: string,
  {
    callId = "",
    ...event
  }: { text: string; quality: NonNullable<ToolEvent["quality"]>; callId?: string },
): void {
  const payload: ToolEvent = {
    kind: "tool",
    call_id: callId,
    name,
    arguments: null,
    ok: false,
    ...event,
  };
  const draft: StepDraft = {
    seq: journal.nextSeq,
    name,
    status: "refused",
    startedAt: Date.now(),
    payload,
    spent: {},
  };
  journalOfThread(journal, thread).hold(draft);
}

type ToolEvent = StepDraft["payload"] & { kind: "tool" };
