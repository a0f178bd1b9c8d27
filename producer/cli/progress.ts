import { commandLineLimits } from "../../shared/limits.ts";
import { terminalStatuses } from "../../shared/states.ts";
import { count, dollars, span } from "./figures.ts";
import type { BatchAnswer, Counts } from "./wire.ts";

/** How far a batch was at one moment. */
interface Sample {
  atMs: number;
  done: number;
}

export interface Progress {
  counts: Counts;
  done: number;
  /** Tasks settled per second over the last moments; 0 where that is not known yet. */
  perSecond: number;
  /** Null where no rate is known. */
  etaMs: number | null;
  tokens: number;
  costUsd: number;
}

export const doneOf = (counts: Counts): number =>
  terminalStatuses.reduce((sum, status) => sum + counts[status], 0);

/** Folds polls of a batch into progress; the rate is over `rateWindowMs`, not since the beginning. */
export class ProgressMeter {
  #samples: Sample[] = [];

  add(batch: BatchAnswer, atMs: number): Progress {
    const done = doneOf(batch.counts);
    const recent = this.#samples.filter(
      (sample) => atMs - sample.atMs <= commandLineLimits.rateWindowMs,
    );
    // One sample older than the window stays, so that a slow batch has a rate too.
    const older = this.#samples.slice(0, this.#samples.length - recent.length).at(-1);
    this.#samples = [...(older === undefined ? [] : [older]), ...recent, { atMs, done }];
    const first = this.#samples[0] ?? { atMs, done };
    const seconds = (atMs - first.atMs) / 1_000;
    const perSecond = seconds > 0 ? Math.max(0, done - first.done) / seconds : 0;
    const left = batch.counts.total - done;
    return {
      counts: batch.counts,
      done,
      perSecond,
      etaMs: left === 0 ? 0 : perSecond > 0 ? (left / perSecond) * 1_000 : null,
      tokens: batch.usage.prompt_tokens + batch.usage.completion_tokens,
      costUsd: batch.usage.cost_usd,
    };
  }
}

/** What stands beside the bar, and in the lines of a run without a terminal. */
export function progressText(progress: Progress): string {
  const { counts } = progress;
  const shown = (["running", "succeeded", "failed", "dead", "cancelled", "expired"] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  const eta = progress.etaMs === null ? "?" : span(progress.etaMs);
  return [
    ...shown,
    `${progress.perSecond.toFixed(1)}/s`,
    ...(progress.etaMs === 0 ? [] : [`ETA ${eta}`]),
    `${count(progress.tokens)} tokens`,
    dollars(progress.costUsd),
  ].join(" · ");
}
