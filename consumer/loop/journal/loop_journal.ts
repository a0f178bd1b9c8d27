/** The journal as the loop uses it: of a whole task, or of one of its threads. */
import type { JournalWriter } from "./journal_writer.ts";

export type LoopJournal = Pick<
  JournalWriter,
  | "steps"
  | "allSteps"
  | "stepsOfRun"
  | "resumedFrom"
  | "used"
  | "nextSeq"
  | "elapsedMs"
  | "hasProgressed"
  | "write"
  | "hold"
  | "addUsage"
  | "waitUntimed"
>;
