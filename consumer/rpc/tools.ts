/** What a tenant's tasks may use here, what is hidden from them, and why: the response of `GET /v1/tools`. */

import { readServers, serversOf, visibleFault } from "../../shared/addresses/mcp_servers.ts";
import { visionOverrides } from "../../shared/models/profile_overrides.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { listBundledSkills } from "../skills/find.ts";
import { catalog, checkAvailable, offerOf } from "../tools/catalog.ts";
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

export interface ToolListing {
  tools: ListedTool[];
  /** The MCP servers that the tenant's tasks may name. */
  mcp: { name: string; url: string }[];
  /** The skills of the repository. */
  skills: { name: string; description: string }[];
  /** Settings that cannot be read, as far as they concern the tenant. */
  faults: string[];
  /** Whether mailboxes can reply: see FLEET_MAILBOXES. */
  mail: boolean;
  /** Which models see pictures, as MODEL_PROFILES overrides the table; `*` is for the models that it does not name. */
  vision: Readonly<Record<string, boolean>>;
}

export function listTools(tenant: string, env: ConsumerEnv): ToolListing {
  const servers = readServers(env.MCP_SERVERS);
  return {
    mcp: [...serversOf(servers, tenant)].map(([name, { url }]) => ({ name, url })),
    skills: listBundledSkills(),
    faults: [visibleFault(servers, tenant)].filter((fault) => fault !== null),
    mail: env.MAIL !== undefined,
    vision: visionOverrides(env.MODEL_PROFILES),
    tools: catalog.map((tool) => {
      const { name, description, effect, original } = offerOf(tool);
      const available = checkAvailable(tool, tenant, env);
      return {
        name,
        description,
        effect,
        input_schema: original,
        configured: available.ok,
        reason: available.ok ? null : available.error,
      };
    }),
  };
}
