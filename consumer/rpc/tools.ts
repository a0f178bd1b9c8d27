/** What a tenant's tasks may use here, and what is hidden from them and why: the answer to `GET /v1/tools`. */
import type { ConsumerEnv } from "../config/env.ts";
import { faultTold, readServers, serversOf } from "../mcp/servers.ts";
import { bundledSummaries } from "../skills/find.ts";
import { catalog, offerOf, unavailable } from "../tools/catalog.ts";
import type { Effect } from "../tools/define.ts";

export interface ListedTool {
  name: string;
  description: string;
  effect: Effect;
  input_schema: Record<string, unknown>;
  configured: boolean;
  /** What to set; null where it is configured. */
  reason: string | null;
}

/** What the consumer tells the producer, which cannot see its bindings. */
export interface ToolListing {
  tools: ListedTool[];
  /** The MCP servers that the tenant's tasks may name. */
  mcp: { name: string; url: string }[];
  /** The skills of the repository. */
  skills: { name: string; description: string }[];
  /** What is configured and cannot be read, as far as it is the tenant's. */
  faults: string[];
  /** Whether a mailbox can answer: see FLEET_MAILBOXES. */
  mail: boolean;
}

export function toolListingFor(tenant: string, env: ConsumerEnv): ToolListing {
  const servers = readServers(env.MCP_SERVERS);
  return {
    mcp: [...serversOf(servers, tenant)].map(([name, { url }]) => ({ name, url })),
    skills: bundledSummaries(),
    faults: [faultTold(servers, tenant)].filter((fault) => fault !== null),
    mail: env.MAIL !== undefined,
    tools: catalog.map((tool) => {
      const { name, description, effect, original } = offerOf(tool);
      const reason = unavailable(tool, tenant, env);
      return {
        name,
        description,
        effect,
        input_schema: original,
        configured: reason === null,
        reason,
      };
    }),
  };
}
