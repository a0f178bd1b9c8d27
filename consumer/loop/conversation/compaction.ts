/**
 * Keeps the conversation within the model's window: when it weighs three quarters of it, old tool
 * outputs are elided in one batch, so that the prefix breaks once and then stands again. What was
 * elided is journaled with the model call that it was for; every fold gives the same bytes after it.
 */
import { compactionLimits } from "../../../shared/limits.ts";
import type { Compaction, ModelPayload, Step } from "../../../shared/step.ts";

/** How much of each old output stays, and how many of the last turns are left alone: ever harder. */
const levels = [
  { turnsKept: 2, chars: compactionLimits.gentleChars },
  { turnsKept: 1, chars: compactionLimits.firmChars },
  { turnsKept: 0, chars: compactionLimits.hardChars },
] as const;

/** What one call knows of its model's room. */
export interface Room {
  windowTokens: number;
  /** Estimates the whole prompt as it would be under one more compaction. */
  weigh(more: Compaction | null): number;
}

/** The compactions that stand in the journal, in order. */
export function compactionsIn(steps: readonly Step[]): Compaction[] {
  return steps.flatMap(({ payload }) =>
    payload.kind === "model" && payload.compaction !== undefined ? [payload.compaction] : [],
  );
}

/** How many characters of a step's output stand; null where all do. */
export function charsLeft(compactions: readonly Compaction[], seq: number): number | null {
  const over = compactions.filter((each) => seq <= each.upto).map((each) => each.chars);
  return over.length === 0 ? null : Math.min(...over);
}

/**
 * The compaction that the next call needs: null where the conversation has room, `"none"` where it has
 * not and nothing is left to elide.
 */
export function compactionFor(
  steps: readonly Step[],
  room: Room,
  forced: boolean,
): Compaction | "none" | null {
  const weight = room.weigh(null);
  if (!forced && weight <= room.windowTokens * compactionLimits.startShare) return null;
  const target = room.windowTokens * compactionLimits.targetShare;
  let last: Compaction | null = null;
  for (const { turnsKept, chars } of levels) {
    const upto = lastStepBefore(steps, turnsKept);
    if (upto === 0) continue;
    const tried: Compaction = { upto, chars };
    const left = room.weigh(tried);
    if (left < weight) last = tried;
    if (left <= target) break;
  }
  return last ?? (forced ? "none" : null);
}

/** The last step before the last `turns` replies that called something. */
function lastStepBefore(steps: readonly Step[], turns: number): number {
  const calling = steps.filter(
    ({ payload }) => payload.kind === "model" && (payload.reply?.calls.length ?? 0) > 0,
  );
  const first = turns === 0 ? undefined : calling.at(-turns);
  if (turns > calling.length) return 0;
  return first === undefined ? (steps.at(-1)?.seq ?? 0) : first.seq - 1;
}

/** The window as the endpoint let us learn it, else as the profile has it. */
export function windowOf(steps: readonly Step[], model: string, known: number): number {
  const learned = ofModel(steps, model).flatMap(({ failure }) => failure?.windowTokens ?? []);
  return Math.min(known, ...learned);
}

/** True when this model's last call overflowed and was not yet answered by a compaction. */
export function mustShrink(steps: readonly Step[], model: string): boolean {
  const last = ofModel(steps, model).at(-1);
  return last?.failure?.code === "model_overflow" && last.forced !== true;
}

/** What this endpoint counts for one token of ours: learned from its last reply. */
export function tokenScale(steps: readonly Step[], model: string): number {
  const last = ofModel(steps, model).findLast(
    ({ reply, estimate }) => reply !== null && estimate !== undefined && estimate > 0,
  );
  if (last?.estimate === undefined || last.usage.prompt_tokens === 0) return 1;
  const { scaleMin, scaleMax } = compactionLimits;
  return Math.min(scaleMax, Math.max(scaleMin, last.usage.prompt_tokens / last.estimate));
}

function ofModel(steps: readonly Step[], model: string): ModelPayload[] {
  return steps.flatMap(({ payload }) =>
    payload.kind === "model" && payload.model === model ? [payload] : [],
  );
}
