import { commandLineLimits } from "../../../shared/limits.ts";
import { terminalStatuses } from "../../../shared/states.ts";
import type { BatchAnswer, CountsAnswer } from "../../api/batches/responses.ts";
import { counted, dollars, span } from "./format.ts";

/** How far a batch was at one moment. */
interface Sample {
  atMs: number;
  done: number;
}

export interface Progress {
  counts: CountsAnswer;
  done: number;
  /** Tasks settled per second, over the last moments or, when all are, on average; null until known. */
  perSecond: number | null;
  /** Null where no rate is known, and when nothing is left. */
  etaMs: number | null;
  tokens: number;
  costUsd: number;
  /** Why nothing of it begins, and what to do; null where nothing holds it. */
  held: string | null;
}

export const doneOf = (counts: CountsAnswer): number =>
  terminalStatuses.reduce((sum, status) => sum + counts[status], 0);

/** Folds polls of a batch into progress; the rate is over `rateWindowMs`, not since the beginning. */
export class ProgressMeter {
  #samples: Sample[] = [];

  add(batch: BatchAnswer, atMs: number, held: string | null = null): Progress {
    const done = doneOf(batch.counts);
    const recent = this.#samples.filter(
      (sample) => atMs - sample.atMs <= commandLineLimits.rateWindowMs,
    );
    // One sample older than the window stays, so that a slow batch has a rate too.
    const older = this.#samples.slice(0, this.#samples.length - recent.length).at(-1);
    this.#samples = [...(older === undefined ? [] : [older]), ...recent, { atMs, done }];
    const first = this.#samples[0] ?? { atMs, done };
    const seconds = (atMs - first.atMs) / 1_000;
    const left = batch.counts.total - done;
    const recentRate = seconds > 0 && done > first.done ? (done - first.done) / seconds : null;
    return {
      counts: batch.counts,
      done,
      perSecond: left === 0 ? averageRate(batch, done) : recentRate,
      etaMs: left > 0 && recentRate !== null ? (left / recentRate) * 1_000 : null,
      tokens: batch.usage.prompt_tokens + batch.usage.completion_tokens,
      costUsd: batch.usage.cost_usd,
      held,
    };
  }
}

/** Over the whole batch; null for one that took no time, or is not quite finished. */
function averageRate({ created_at, finished_at }: BatchAnswer, done: number): number | null {
  if (finished_at === null) return null;
  const seconds = (Date.parse(finished_at) - Date.parse(created_at)) / 1_000;
  return seconds > 0 ? done / seconds : null;
}

/** Such as 12.3 a second, and 0.02 for a slow one. */
const rate = (perSecond: number): string =>
  perSecond < 0.1 ? perSecond.toPrecision(1) : perSecond.toFixed(1);

/** What stands beside the bar, and in the lines of a run without a terminal. */
export function progressText(progress: Progress): string {
  const { counts } = progress;
  const shown = (["running", "succeeded", "failed", "dead", "cancelled", "expired"] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`);
  const over = progress.done === counts.total ? " on average" : "";
  return [
    ...(progress.held === null ? [] : [progress.held]),
    ...shown,
    ...(progress.perSecond === null ? [] : [`${rate(progress.perSecond)}/s${over}`]),
    ...(progress.etaMs === null ? [] : [`ETA ${span(progress.etaMs)}`]),
    ...(progress.tokens === 0 ? [] : [counted(progress.tokens, "token")]),
    // A batch names no model, so nothing spent may be a free model or one without a known price.
    ...(progress.costUsd === 0 ? [] : [dollars(progress.costUsd)]),
  ].join(" · ");
}
