import type { SharedEnv } from "../../shared/env.ts";
import type { Governor } from "../governor/governor.ts";
import type { SealedLoader } from "../sandbox/dynamic_worker.ts";
import type { MicroVm } from "../sandbox/microvm/container.ts";

/** The consumer's bindings, as wrangler.consumer.toml declares them. */
export interface ConsumerEnv extends SharedEnv {
  LOADER: SealedLoader;
  GOVERNOR: DurableObjectNamespace<Governor>;
  AI?: Ai;
  /** Sends the answers of mailboxes that answer: see docs/ways-in.md. No tool may have it. */
  MAIL?: Pick<SendEmail, "send">;
  /** Workers Analytics Engine: a point for each task that ends; only in a deployment with `--metrics`. */
  METRICS?: AnalyticsEngineDataset;
  /** Containers: only in a deployment with `--microvm`. */
  MICROVM?: DurableObjectNamespace<MicroVm>;
  /** JSON, model to what is known of it: overrides the table of models/profiles.ts. */
  MODEL_PROFILES?: string;
  /** JSON, name to MCP server: see docs/tools.md. */
  MCP_SERVERS?: string;
  /** "on" offers run_bash. */
  BASH_TOOL?: string;
  /** Which tenants may use tools with bindings: JSON, tool to tenants. `default` may where it is not set. */
  TOOL_TENANTS?: string;
  /** Local runs only: `host=http://127.0.0.1:port`, comma-separated. */
  FLEET_HOSTS?: string;
}
