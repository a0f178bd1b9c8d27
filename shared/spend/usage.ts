/** What a task has used so far: cumulative across attempts, never decreasing. Token counts include cached ones. */
export interface Usage {
  steps: number;
  model_calls: number;
  tool_calls: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  /** Tokens of models whose price is unknown: `cost_usd` does not include them. */
  unpriced_tokens: number;
  cost_usd: number;
  /** Time inside slices, without waiting for the queue or a permit. */
  seconds: number;
  egress_requests: number;
  /** Bodies in both directions. */
  egress_bytes: number;
  egress_bytes_out: number;
  /** Time of requests, which a policy may bound. */
  egress_ms: number;
}

export const noUsage: Usage = {
  steps: 0,
  model_calls: 0,
  tool_calls: 0,
  prompt_tokens: 0,
  cached_tokens: 0,
  completion_tokens: 0,
  unpriced_tokens: 0,
  cost_usd: 0,
  seconds: 0,
  egress_requests: 0,
  egress_bytes: 0,
  egress_bytes_out: 0,
  egress_ms: 0,
};

export function addUsage(a: Usage, b: Partial<Usage>): Usage {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof Usage)[]) sum[key] += b[key] ?? 0;
  sum.cost_usd = roundDollars(sum.cost_usd);
  sum.seconds = Math.round(sum.seconds * 1000) / 1000;
  return sum;
}

/** The larger of each field: a row is written at the end of a slice, the journal at each step. */
export function maxUsage(a: Usage, b: Usage): Usage {
  const max = { ...a };
  for (const key of Object.keys(max) as (keyof Usage)[]) max[key] = Math.max(a[key], b[key]);
  return max;
}

/** Rounded to ten decimal places: a hundredth of a neuron's price, without binary noise. */
const roundDollars = (dollars: number): number => Math.round(dollars * 1e10) / 1e10;

/** An older row may lack a field. */
export function readUsage(text: string): Usage {
  return { ...noUsage, ...(JSON.parse(text) as Partial<Usage>) };
}

/** What a task used of its egress budget. Bytes are of bodies; `ms` is the time spent on requests. */
export interface EgressUsage {
  requests: number;
  bytes_in: number;
  bytes_out: number;
  ms: number;
}

export const egressUsageOf = (used: Usage): EgressUsage => ({
  requests: used.egress_requests,
  bytes_in: used.egress_bytes - used.egress_bytes_out,
  bytes_out: used.egress_bytes_out,
  ms: used.egress_ms,
});

export const usageOfEgress = ({ requests, bytes_in, bytes_out, ms }: EgressUsage) => ({
  egress_requests: requests,
  egress_bytes: bytes_in + bytes_out,
  egress_bytes_out: bytes_out,
  egress_ms: ms,
});
