/** What one invocation of the consumer may still do: its slots take further tasks until a bound is reached. */
import { refillLimits } from "../../shared/limits.ts";
import { countQueries } from "../../shared/store/counted_database.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { refillMs } from "./refill_time.ts";

export interface Invocation {
  /** The configuration, with a database that counts its queries. */
  config: ConsumerConfig;
  /** Whether a slot may take one more task. */
  hasRoom(): boolean;
}

/** `random` in [0, 1) draws how long its slots take further tasks. */
export function openInvocation(config: ConsumerConfig, random: number): Invocation {
  const { db, queries } = countQueries(config.env.DB);
  const until = Date.now() + refillMs(random);
  return {
    config: { ...config, env: { ...config.env, DB: db } },
    hasRoom: () =>
      Date.now() < until && (isLocalRun(config) || queries() < refillLimits.queriesMax),
  };
}

/** The runtime of a local run bounds no invocation. */
const isLocalRun = ({ env }: ConsumerConfig): boolean => env.FLEET_CONCURRENCY !== undefined;
