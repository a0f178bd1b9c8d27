/** What the loop works on: the task, and the means of one slice. */

import type { Message, ToolOffer } from "../../shared/models/model.ts";
import type { Bounds } from "../../shared/spend/budgets.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { ApprovalDesk } from "../approvals/desk.ts";
import type { MemoryShare } from "../memory/byte_budget.ts";
import type { AnswerForm } from "./answer/answer_form.ts";
import type { ToolHost } from "./calls/run_call.ts";
import type { LoopJournal } from "./journal/loop_journal.ts";

export interface LoopTask {
  id: string;
  opening: readonly Message[];
  bounds: Bounds;
  /** What the checks of an answer need: the loop leaves it unused. */
  reserved: Pick<Usage, "steps" | "model_calls">;
  form: AnswerForm;
  /** The tools that the model may call while it works; `finalOffer` is the last of them. */
  offers: readonly ToolOffer[];
  finalOffer: ToolOffer;
  /** True where `read_file` is among the offers. */
  canReadFiles: boolean;
  /** The fence of the run that this one continues; 0 where it continues none. */
  resumedFrom: number;
  /** What to do about a call with effects that was started and has no outcome. */
  onUncertain: "fail" | "retry";
  /** Claims whose workers died: each may have paid for a model call that is not journaled. */
  lostClaims: number;
  /** The hash of the pinned MCP tools and skills, journaled with each reply; undefined without any. */
  toolPin: string | undefined;
}

export interface SliceMemory {
  share: MemoryShare;
  /** What the task holds between its calls. */
  taskBytes(): number;
}

export interface LoopSlice {
  journal: LoopJournal;
  toolHost: ToolHost;
  /** Decides whether a call waits for a person. */
  approvals: Pick<ApprovalDesk, "needs" | "ask">;
  signal: AbortSignal;
  sliceMs: number;
  /** The task's share of the isolate's memory; absent in tests of the loop. */
  memory?: SliceMemory;
  /** With fallbacks no slice waits for an endpoint that is down: the next model continues at once. */
  hasFallbacks?: boolean;
}

/** Of a task whose answer passes no check. */
export const nothingReserved = { steps: 0, model_calls: 0 } as const;
