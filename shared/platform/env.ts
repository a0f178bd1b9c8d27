/** The bindings and variables of both Workers. Secrets are read by name, never listed here. */
export interface SharedEnv {
  DB: D1Database;
  OBJECTS: R2Bucket;
  TASKS: Queue;
  TASKS_LOW: Queue;
  /** Due webhooks; the consumer delivers them. */
  WEBHOOKS: Queue;
  /** "local" only under the local runner; a deployed Worker rejects what is for local runs only. */
  FLEET_MODE: "local" | "deployed";
  MODEL: string;
  FALLBACK_MODELS?: string;
  MODEL_BASE_URL?: string;
  MODEL_API_KEY?: string;
  MODEL_RPM?: string;
  /** Dollars that each tenant may spend per day: see shared/spend/spend_ceiling.ts. */
  SPEND_PER_DAY_USD?: string;
  /** "bound" where the consumer has the Workers AI binding. */
  WORKERS_AI?: string;
  /** Local runs only: further policies as JSON, name to text. */
  FLEET_POLICIES?: string;
}
