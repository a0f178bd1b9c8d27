import type { SharedEnv } from "../shared/env.ts";

/** The producer's bindings, as wrangler.producer.toml declares them. */
export interface ProducerEnv extends SharedEnv {
  /** A key with all scopes for tenant `default`. Without any key a deployed producer answers 503. */
  FLEET_API_KEY?: string;
  /** The consumer, where it is bound: health then means that both Workers answer. */
  CONSUMER?: Fetcher;
}
