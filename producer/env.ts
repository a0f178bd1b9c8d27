import type { ConsumerStub } from "../consumer/rpc/consumer_api.ts";
import type { SharedEnv } from "../shared/platform/env.ts";

/** The producer's bindings, as wrangler.producer.toml declares them. */
export interface ProducerEnv extends SharedEnv {
  /** The operator's key: all scopes, tenant `default`. Without any key a deployed producer answers 503. */
  FLEET_API_KEY?: string;
  /** Cloudflare Access: the team's domain and the application's audience tag. */
  ACCESS_TEAM_DOMAIN?: string;
  ACCESS_AUD?: string;
  /** The tenant of callers who use Access; default: `default`. */
  ACCESS_TENANT?: string;
  /** Their scopes, separated by commas; default: `read,submit`. */
  ACCESS_SCOPES?: string;
  /** Receives inbox messages that made no task. */
  INBOX_DLQ: Queue;
  /** JSON, address to {tenant?, from, template, answer?}: mail to these addresses becomes a task. */
  FLEET_MAILBOXES?: string;
  /** How long settled tasks are kept: a whole number of days, or "forever"; default: 30. */
  RETENTION_DAYS?: string;
  /** The dashboard's files, if the deployment includes them. */
  ASSETS?: Fetcher;
  /** The consumer's entrypoint ConsumerApi, where it is bound: health then means that both Workers answer. */
  CONSUMER?: ConsumerStub;
}
