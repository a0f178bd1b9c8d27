import type { SharedEnv } from "../../shared/platform/env.ts";
import type { Governor } from "../governor/governor.ts";
import type { SealedLoader } from "../sandbox/dynamic_worker.ts";

/** The consumer's bindings, as wrangler.consumer.toml declares them. */
export interface ConsumerEnv extends SharedEnv {
  LOADER: SealedLoader;
  GOVERNOR: DurableObjectNamespace<Governor>;
  AI?: Ai;
  /** Sends the replies of mailboxes: see docs/ingress.md. No tool may use it. */
  MAIL?: Pick<SendEmail, "send">;
  /** Workers Analytics Engine, one point for each task that ends; only in a deployment with `--metrics`. */
  METRICS?: AnalyticsEngineDataset;
  /** Containers: only in a deployment with `--microvm`. */
  MICROVM?: DurableObjectNamespace;
  /** JSON, model to profile: overrides the table of shared/models/profiles.ts. */
  MODEL_PROFILES?: string;
  /** JSON, name to MCP server: see docs/tools.md. */
  MCP_SERVERS?: string;
  /** "on" enables run_bash. */
  BASH_TOOL?: string;
  /** Which tenants may use tools with bindings: JSON, tool to tenants. Without an entry only `default` may. */
  TOOL_TENANTS?: string;
  /** The share of tasks, from 0 to 1, whose every step is logged. */
  LOG_STEPS?: string;
  /** How long an outage of a model's endpoint is waited out, such as 1h. */
  MODEL_PATIENCE?: string;
  /** Set in local runs only: tasks in progress at once. */
  FLEET_CONCURRENCY?: string;
  /** Local runs only: `host=http://127.0.0.1:port`, comma-separated. */
  FLEET_HOSTS?: string;
}
