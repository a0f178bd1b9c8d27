import { commandLineLimits } from "../../../shared/limits.ts";
import { terminalStatuses } from "../../../shared/task/states.ts";
import type { BatchResponse, Counts } from "../../api/batches/responses.ts";
import { countText, dollars, span } from "../output/format.ts";

/** The settled tasks of a batch at one moment. */
interface Sample {
  atMs: number;
  done: number;
}

export interface Progress {
  counts: Counts;
  done: number;
  /** Tasks settled per second: recently, or on average once all are settled; null until known. */
  perSecond: number | null;
  /** Null without a rate, and when nothing is left. */
  etaMs: number | null;
  tokens: number;
  costUsd: number;
  /** What checks, samples and escalations did; null where no task has any. */
  quality: BatchResponse["quality"] | null;
  /** Why no task starts, and what to do; null if nothing holds the batch back. */
  pausedReason: string | null;
}

const settledOf = (counts: Counts): number =>
  terminalStatuses.reduce((sum, status) => sum + counts[status], 0);

/** Turns polls of a batch into progress; the rate covers the last `rateWindowMs`. */
export class ProgressMeter {
  #samples: Sample[] = [];

  add(batch: BatchResponse, atMs: number, pausedReason: string | null = null): Progress {
    const settledCount = settledOf(batch.counts);
    const recent = this.#samples.filter(
      (sample) => atMs - sample.atMs <= commandLineLimits.rateWindowMs,
    );
    // One sample older than the window is kept, so that a slow batch also has a rate.
    const older = this.#samples.slice(0, this.#samples.length - recent.length).at(-1);
    this.#samples = [
      ...(older === undefined ? [] : [older]),
      ...recent,
      { atMs, done: settledCount },
    ];
    const first = this.#samples[0] ?? { atMs, done: settledCount };
    const seconds = (atMs - first.atMs) / 1_000;
    const remaining = batch.counts.total - settledCount;
    const recentRate =
      seconds > 0 && settledCount > first.done ? (settledCount - first.done) / seconds : null;
    return {
      counts: batch.counts,
      done: settledCount,
      perSecond: remaining === 0 ? averageRate(batch, settledCount) : recentRate,
      etaMs: remaining > 0 && recentRate !== null ? (remaining / recentRate) * 1_000 : null,
      tokens: batch.usage.prompt_tokens + batch.usage.completion_tokens,
      costUsd: batch.usage.cost_usd,
      quality: batch.quality ?? null,
      pausedReason,
    };
  }
}

/** The rate over the whole batch; null if it took no time or is not finished. */
function averageRate(
  { created_at, finished_at }: BatchResponse,
  settledCount: number,
): number | null {
  if (finished_at === null) return null;
  const seconds = (Date.parse(finished_at) - Date.parse(created_at)) / 1_000;
  return seconds > 0 ? settledCount / seconds : null;
}

/** Such as 12.3, or 0.02 for a slow batch. */
const rateText = (perSecond: number): string =>
  perSecond < 0.1 ? perSecond.toPrecision(1) : perSecond.toFixed(1);

/** The text next to the bar, and in the lines without a terminal. */
export function progressText(progress: Progress): string {
  const { counts } = progress;
  const statusTexts = (["running", "succeeded", "failed", "dead", "cancelled", "expired"] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  const suffix = progress.done === counts.total ? " on average" : "";
  return [
    ...(progress.pausedReason === null ? [] : [progress.pausedReason]),
    ...statusTexts,
    ...(progress.perSecond === null ? [] : [`${rateText(progress.perSecond)}/s${suffix}`]),
    ...(progress.etaMs === null ? [] : [`ETA ${span(progress.etaMs)}`]),
    ...(progress.tokens === 0 ? [] : [countText(progress.tokens, "token")]),
    // A batch names no model, so a cost of 0 can mean a free model or an unknown price.
    ...(progress.costUsd === 0 ? [] : [dollars(progress.costUsd)]),
    ...qualityTexts(progress.quality),
  ].join(" · ");
}

/** What checks, samples and escalations did, each part only where there is something to report. */
export function qualityTexts(quality: Progress["quality"]): string[] {
  if (quality == null) return [];
  const { tasks, checks_failed, corrected, samples, agreed, escalated } = quality;
  const models = Object.entries(quality.usage_by_model);
  const costs = models.map(([model, { cost_usd }]) => `${model} ${dollars(cost_usd)}`);
  return [
    ...(checks_failed === 0 ? [] : [`${checks_failed} failed a check, ${corrected} corrected`]),
    ...(samples === 0 ? [] : [`${Math.round((100 * agreed) / samples)} % agree`]),
    ...(escalated === 0 ? [] : [`${Math.round((100 * escalated) / tasks)} % escalated`]),
    ...(models.length < 2 ? [] : [costs.join(", ")]),
  ];
}
