/** Numbers for people. */

/** Such as 1,234, 56.7k or 8.9M. */
export function count(value: number): string {
  if (value < 10_000) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const [scaled, unit] = value < 1_000_000 ? [value / 1_000, "k"] : [value / 1_000_000, "M"];
  return `${scaled.toLocaleString("en-US", { maximumFractionDigits: 1 })}${unit}`;
}

/** Dollars with cents; two significant digits below one cent. */
export function dollars(value: number): string {
  if (value === 0) return "$0";
  return value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
}

/** Such as 850 ms, 4.2 s, 3 min 20 s or 2 h 5 min. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const wholeSeconds = Math.round(seconds);
  if (wholeSeconds < 3_600) return `${Math.floor(wholeSeconds / 60)} min ${wholeSeconds % 60} s`;
  return `${Math.floor(wholeSeconds / 3_600)} h ${Math.floor((wholeSeconds % 3_600) / 60)} min`;
}

export const bytes = (value: number): string =>
  value < 1_000 ? `${value} B` : `${count(Math.round(value / 1_000))} kB`;

/** Such as "1 task" or "1,200 tasks". */
export const countText = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/**
 * The cost of a usage in dollars; `unpriced` if the price of the model is unknown, because the fleet counts
 * such tokens as 0. Empty if the cost is 0 and the model is not known.
 */
export function costText(
  usage: {
    prompt_tokens: number;
    completion_tokens: number;
    cost_usd: number;
    unpriced_tokens?: number;
  },
  model: string | null,
): string {
  const { unpriced_tokens: unpriced = 0 } = usage;
  if (usage.cost_usd > 0 && unpriced > 0) {
    return `${dollars(usage.cost_usd)} and ${count(unpriced)} tokens unpriced`;
  }
  if (unpriced > 0) return "unpriced";
  if (usage.cost_usd > 0) return dollars(usage.cost_usd);
  if (usage.prompt_tokens + usage.completion_tokens === 0 || model === "rehearsal") return "$0";
  return model === null ? "" : "unpriced";
}
