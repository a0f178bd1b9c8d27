/** Collects a variant's rows while they are graded, and sums them up. Holds a few numbers per row. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import type { GradedRow, GradedTry } from "./graded_try.ts";
import { accuracyOf, type Interval, passPowers, quantile } from "./statistics/proportion.ts";

export interface VariantSummary {
  rows: number;
  /** The share of right answers over all tries, and its 95 % interval. */
  accuracy: number;
  interval: Interval;
  /** pass^1 … pass^samples. */
  pass_powers: number[];
  /** The share of tries without a valid answer. */
  invalid: number;
  /** Tries that a judge or a program could not grade; they are left out of the accuracy. */
  ungraded: number;
  cost_usd: number;
  tokens: number;
  latency_ms: { p50: number | null; p95: number | null };
}

export class VariantTally {
  readonly #samples: number;
  /** By row: the share of right answers. */
  readonly shares = new Map<number, number>();
  /** By row: the first answer, as a text that is equal for equal answers; "" without a valid one. */
  readonly answers = new Map<number, string>();
  readonly #right: number[] = [];
  readonly #latencies: number[] = [];
  #tries = 0;
  #invalid = 0;
  #ungraded = 0;
  #cost = 0;
  #tokens = 0;

  constructor(samples: number) {
    this.#samples = samples;
  }

  add({ row, tries }: GradedRow): void {
    const [first] = tries;
    this.answers.set(row, first === undefined ? "" : answerText(first));
    for (const each of tries) this.#addTry(each);
    const graded = tries.filter(({ pass }) => pass !== null);
    if (graded.length === 0) return;
    const right = graded.filter(({ pass }) => pass === true).length;
    this.shares.set(row, right / graded.length);
    if (graded.length === this.#samples) this.#right.push(right);
  }

  #addTry({ status, pass, cost_usd, tokens, latency_ms }: GradedTry): void {
    this.#tries++;
    if (status !== "succeeded") this.#invalid++;
    if (pass === null) this.#ungraded++;
    this.#cost += cost_usd;
    this.#tokens += tokens;
    if (latency_ms !== null) this.#latencies.push(latency_ms);
  }

  get summary(): VariantSummary {
    const { accuracy, interval } = accuracyOf([...this.shares.values()], this.#samples);
    return {
      rows: this.shares.size,
      accuracy,
      interval,
      pass_powers: passPowers(this.#right, this.#samples),
      invalid: this.#tries === 0 ? 0 : this.#invalid / this.#tries,
      ungraded: this.#ungraded,
      cost_usd: Math.round(this.#cost * 1e10) / 1e10,
      tokens: this.#tokens,
      latency_ms: { p50: quantile(this.#latencies, 0.5), p95: quantile(this.#latencies, 0.95) },
    };
  }
}

function answerText({ status, output }: GradedTry): string {
  if (status !== "succeeded") return "";
  const text = canonicalJson(output);
  return text.length <= 64 ? text : createHash("sha256").update(text).digest("hex");
}
