/** The tools, MCP servers and skills of a tenant's tasks. Only the consumer sees its bindings, so it is asked. */
import type { ToolListing } from "../../../consumer/rpc/tools.ts";
import { toolListLimits } from "../../../shared/limits.ts";
import type { ProducerEnv } from "../../env.ts";
import { listTools } from "../../rpc_client.ts";

interface Cached {
  until: number;
  listing: Promise<ToolListing | null>;
}

const cache = new WeakMap<object, Map<string, Cached>>();

/**
 * The consumer's listing, at most half a minute old; null where no consumer is bound or none answers. Then
 * nothing is known of what is configured, tasks are accepted, and the consumer fails what it cannot serve.
 */
export function listAvailableTools(env: ProducerEnv, tenant: string): Promise<ToolListing | null> {
  const { CONSUMER } = env;
  if (CONSUMER === undefined) return Promise.resolve(null);
  const tenants = cache.get(CONSUMER) ?? new Map<string, Cached>();
  cache.set(CONSUMER, tenants);
  const cachedTools = tenants.get(tenant);
  if (cachedTools !== undefined && cachedTools.until > Date.now()) return cachedTools.listing;
  if (tenants.size >= toolListLimits.tenantsCachedMax) tenants.clear();
  const listing = listTools(env, tenant);
  tenants.set(tenant, { until: Date.now() + toolListLimits.cacheMs, listing });
  // A missing reply is not cached: the next call may find the consumer up.
  void listing.then((value) => value === null && tenants.delete(tenant));
  return listing;
}
