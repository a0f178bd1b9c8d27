/** What a turn of the loop works with, and how a slice's loop may end. */
import type { Failure } from "../../shared/failures.ts";
import type { Reason } from "../../shared/states.ts";
import type { Ceiling } from "../../shared/store/ceilings.ts";
import type { JournalAnswer } from "../../shared/store/journal.ts";
import type { Message, ModelOutcome, ModelRequest, Reply, ToolOffer } from "../models/model.ts";
import type { AnswerForm } from "./answer/answer_form.ts";
import type { Abilities } from "./answer/finalisation.ts";
import type { Bounds, Prices } from "./budget/allowance.ts";
import type { JournalWriter } from "./journal/journal_writer.ts";
import type { ToolHost } from "./calls/run_call.ts";

/** How a slice's loop ends. `lost`: somebody newer owns the task, so nothing more may be written. */
export type LoopEnd =
  | { kind: "answered"; output: unknown }
  | { kind: "failed"; reason: Reason; code: string; message: string }
  | { kind: "cancelled" }
  | { kind: "expired" }
  | { kind: "yielded" }
  | { kind: "lost" }
  | { kind: "broke"; failure: Failure };

export interface LoopTask {
  id: string;
  opening: readonly Message[];
  bounds: Bounds;
  form: AnswerForm;
  /** What the model is offered while it works; `finalOffer` is the last of them. */
  offers: readonly ToolOffer[];
  finalOffer: ToolOffer;
  /** True where `read_file` is among the offers. */
  readable: boolean;
  /** The fence of the run that it was resumed from; 0 where it was not. */
  since: number;
  /** What becomes of a call with effects that was begun and has no outcome. */
  onUncertain: "fail" | "retry";
  /** Claims whose workers died: each may have bought a call of the model that nobody heard of. */
  lostClaims: number;
  /** The hash of the pinned MCP tools and skills, journaled with each reply; undefined without any. */
  extras: string | undefined;
}

/** The model in use. `complete` never rejects. */
export interface ModelClient {
  model: string;
  /** True for a model that stands in for the task's own. */
  fallback: boolean;
  prices: Prices;
  outputTokensMax: number;
  /** The most that it can write: what a reply is given after thought alone filled one. */
  outputTokensCeiling: number;
  /** Prompt and reply together, as far as is known. */
  windowTokens: number;
  abilities: Abilities;
  /** `position` counts this model's calls before this one, failed ones included. */
  complete(request: ModelRequest, position: number): Promise<ModelOutcome>;
  costOf(usage: Reply["usage"]): number;
  /** False where neither the endpoint nor a price table says what these tokens cost. */
  isPriced(usage: Reply["usage"]): boolean;
  estimateTokens(messages: readonly Message[], offers: readonly ToolOffer[]): number;
  /** Waits for, or is refused, the right to call now. Rejects only while the governor cannot be reached. */
  permit(): Promise<{ ok: true } | { ok: false; failure: Failure }>;
  /** Null when the value fits the schema, else what to mend. */
  validate(schema: Record<string, unknown>, value: unknown): string | null;
}

export interface LoopSlice {
  scribe: JournalWriter;
  hands: ToolHost;
  signal: AbortSignal;
  sliceMs: number;
}

/** A write under a lost fence ends the slice; one that finds the task cancelled or expired ends the task. */
export function endAfterWrite(answer: JournalAnswer): LoopEnd | null {
  if (!answer.held) return { kind: "lost" };
  if (answer.cancelRequested) return { kind: "cancelled" };
  if (answer.expired) return { kind: "expired" };
  return answer.ceiling === null ? null : batchCeilingEnd(answer.ceiling);
}

/** The batch's tasks have together used what the batch may use. */
export function batchCeilingEnd(ceiling: Ceiling): LoopEnd & { kind: "failed" } {
  const name = ceiling === "budget_tokens" ? "tokens" : "cost_usd";
  const message = `The batch has used up its limits.${name}, which all its tasks share. Submit the rest as another batch.`;
  return { kind: "failed", reason: ceiling, code: "batch_ceiling", message };
}
