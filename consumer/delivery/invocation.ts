/** What one invocation of the consumer may still do: its slots take further tasks until a bound is reached. */
import { refillLimits } from "../../shared/limits.ts";
import { countQueries } from "../../shared/store/counted_database.ts";
import type { ConsumerConfig } from "../config/config.ts";

export interface Invocation {
  /** The configuration, with a database that counts its queries. */
  config: ConsumerConfig;
  /** Whether a slot may take one more task. */
  hasRoom(): boolean;
}

/**
 * `random` in [0, 1) draws the time: the platform decides how many invocations run when one ends, so some end
 * soon, and most of the work is done in long ones, whose slots are idle only at their end.
 */
export function openInvocation(config: ConsumerConfig, random: number): Invocation {
  const { db, queries } = countQueries(config.env.DB);
  const until = Date.now() + refillMs(random);
  return {
    config: { ...config, env: { ...config.env, DB: db } },
    hasRoom: () =>
      Date.now() < until && (isLocalRun(config) || queries() < refillLimits.queriesMax),
  };
}

/** Between the bounds, evenly on a logarithmic scale. */
export const refillMs = (random: number): number =>
  refillLimits.msMin * (refillLimits.msMax / refillLimits.msMin) ** random;

/** The runtime of a local run bounds no invocation. */
const isLocalRun = ({ env }: ConsumerConfig): boolean => env.FLEET_CONCURRENCY !== undefined;
