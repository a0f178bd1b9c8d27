import type { SharedEnv } from "../shared/env.ts";

/** The producer's bindings, as wrangler.producer.toml declares them. */
export interface ProducerEnv extends SharedEnv {
  /** A key with all scopes for tenant `default`. Without any key a deployed producer answers 503. */
  FLEET_API_KEY?: string;
  /** Cloudflare Access in front of the fleet: the team's domain and the application's audience tag. */
  ACCESS_TEAM_DOMAIN?: string;
  ACCESS_AUD?: string;
  /** Whose tasks people see who come through Access; `default` where it is left out. */
  ACCESS_TENANT?: string;
  /** What they may do, by comma: `read,submit` where it is left out. */
  ACCESS_SCOPES?: string;
  /** Where messages of the inbox go that made no task. */
  INBOX_DLQ: Queue;
  /** JSON, address to {tenant?, from, template, answer?}: the addresses whose mail becomes a task. */
  FLEET_MAILBOXES?: string;
  /** How long what is settled stays: a whole number of days, or "forever"; 30 where it is not set. */
  RETENTION_DAYS?: string;
  /** The dashboard's files, where the deployment carries them. */
  ASSETS?: Fetcher;
  /** The consumer, where it is bound: health then means that both Workers answer. */
  CONSUMER?: Fetcher;
}
