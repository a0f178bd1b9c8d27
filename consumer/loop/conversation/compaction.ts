/**
 * Keeps the conversation within the model's window: at three quarters of it, old tool outputs are elided
 * in one batch, so that the cached prefix breaks only once. What was elided is journaled with the model
 * call that needed it, so every later fold gives the same bytes.
 */
import { compactionLimits } from "../../../shared/limits.ts";
import type { Compaction, ModelPayload, Step } from "../../../shared/task/step.ts";

/** How much of each old output stays, and how many of the last turns stay whole. */
const levels = [
  { turnsKept: 2, chars: compactionLimits.gentleChars },
  { turnsKept: 1, chars: compactionLimits.firmChars },
  { turnsKept: 0, chars: compactionLimits.hardChars },
] as const;

/** The room that one call has in its model's window. */
export interface Room {
  windowTokens: number;
  /** Estimates the whole prompt under one more compaction. */
  estimateTokens(nextCompaction: Compaction | null): number;
}

/** The journaled compactions, in order. */
export function compactionsIn(steps: readonly Step[]): Compaction[] {
  return steps.flatMap(({ payload }) =>
    payload.kind === "model" && payload.compaction !== undefined ? [payload.compaction] : [],
  );
}

/** How many characters of a step's output are shown; null where all are. */
export function charsShown(compactions: readonly Compaction[], seq: number): number | null {
  const limits = compactions.filter(({ upto }) => seq <= upto).map(({ chars }) => chars);
  return limits.length === 0 ? null : Math.min(...limits);
}

/**
 * The compaction that the next call needs: null where the conversation has room, `"none"` where it has no
 * room and nothing is left to elide.
 */
export function compactionFor(
  steps: readonly Step[],
  room: Room,
  isForced: boolean,
): Compaction | "none" | null {
  const fullTokens = room.estimateTokens(null);
  if (!isForced && fullTokens <= room.windowTokens * compactionLimits.startShare) return null;
  const targetTokens = room.windowTokens * compactionLimits.targetShare;
  let best: Compaction | null = null;
  for (const { turnsKept, chars } of levels) {
    const upto = lastStepBefore(steps, turnsKept);
    if (upto === 0) continue;
    const compaction: Compaction = { upto, chars };
    const tokens = room.estimateTokens(compaction);
    if (tokens < fullTokens) best = compaction;
    if (tokens <= targetTokens) break;
  }
  return best ?? (isForced ? "none" : null);
}

/** The last step before the last `turns` replies with calls. */
function lastStepBefore(steps: readonly Step[], turns: number): number {
  const calling = steps.filter(
    ({ payload }) => payload.kind === "model" && (payload.reply?.calls.length ?? 0) > 0,
  );
  if (turns > calling.length) return 0;
  const first = turns === 0 ? undefined : calling.at(-turns);
  return first === undefined ? (steps.at(-1)?.seq ?? 0) : first.seq - 1;
}

/** The smallest window that the endpoint's errors named, or that of the profile if smaller. */
export function windowOf(steps: readonly Step[], modelId: string, profileTokens: number): number {
  const windows = payloadsOf(steps, modelId).flatMap(({ failure }) => failure?.windowTokens ?? []);
  return Math.min(profileTokens, ...windows);
}

/** True when this model's last call overflowed and no compaction has followed. */
export function mustCompact(steps: readonly Step[], modelId: string): boolean {
  const last = payloadsOf(steps, modelId).at(-1);
  return last?.failure?.code === "model_overflow" && last.forced !== true;
}

/** The endpoint's token count divided by our estimate, learned from its last reply. */
export function tokenScale(steps: readonly Step[], modelId: string): number {
  const last = payloadsOf(steps, modelId).findLast(
    ({ reply, estimate }) => reply !== null && estimate !== undefined && estimate > 0,
  );
  if (last?.estimate === undefined || last.usage.prompt_tokens === 0) return 1;
  const { scaleMin, scaleMax } = compactionLimits;
  return Math.min(scaleMax, Math.max(scaleMin, last.usage.prompt_tokens / last.estimate));
}

function payloadsOf(steps: readonly Step[], modelId: string): ModelPayload[] {
  return steps.flatMap(({ payload }) =>
    payload.kind === "model" && payload.model === modelId ? [payload] : [],
  );
}
