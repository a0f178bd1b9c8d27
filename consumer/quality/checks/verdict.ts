/** What one try of a check says, and the step that journals it. */
import { qualityLimits } from "../../../shared/limits.ts";
import type { Usage } from "../../../shared/spend/usage.ts";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";
import type { ToolPayload } from "../../../shared/task/step.ts";
import type { CheckMark, ThreadMark, Verdict } from "../../../shared/task/thread_mark.ts";
import { cutMiddle } from "../../loop/conversation/tool_text.ts";
import type { LoopJournal } from "../../loop/journal/loop_journal.ts";
import { endAfterWrite, type LoopEnd } from "../../loop/loop_end.ts";

export interface CheckVerdict {
  verdict: Verdict;
  /** Why, for the model and for people; of an error, for people only. */
  words: string;
  score?: number;
  /** A judge's reasons, which the model may not see. */
  reasons?: string;
}

export const passed: CheckVerdict = { verdict: "passed", words: "passed" };
export const failed = (words: string): CheckVerdict => ({ verdict: "failed", words });
export const noVerdict = (words: string): CheckVerdict => ({ verdict: "error", words });

/** The check of one answer, with the name that people know it by. */
export interface CheckOfAnswer {
  worker: ThreadMark;
  check: CheckMark;
  name: string;
}

/** Journals the verdict in the check's own thread. Null: the task continues. */
export async function recordVerdict(
  journal: LoopJournal,
  { check, name }: CheckOfAnswer,
  { verdict, words, ...details }: CheckVerdict,
  done: {
    startedAt: number;
    spent?: Partial<Usage>;
    egress?: EgressRow[];
    refused?: NonNullable<ToolPayload["egress_refused"]> | null;
  },
): Promise<LoopEnd | null> {
  const seq = journal.nextSeq;
  const { startedAt, spent = {}, egress = [], refused = null } = done;
  const payload: ToolPayload = {
    kind: "tool",
    call_id: "",
    name,
    arguments: null,
    text: cutMiddle(words, qualityLimits.checkWordsCharsMax, "the check said more"),
    ok: verdict === "passed",
    ...(refused === null ? {} : { egress_refused: refused }),
    quality: { kind: "verdict", check, verdict, ...details },
  };
  const status = verdict === "passed" ? ("done" as const) : ("failed" as const);
  const draft = { seq, name, status, startedAt, payload, spent };
  const rows = egress.length === 0 ? null : { seq, rows: egress };
  return endAfterWrite(await journal.write([draft], rows));
}
