/** What the consumer offers a tenant's tasks: it alone sees its bindings, so it is asked. */
import type { ToolListing } from "../../consumer/rpc/tools.ts";
import { offeringLimits } from "../../shared/limits.ts";
import type { ProducerEnv } from "../env.ts";
import { askConsumer } from "../rpc_client.ts";

interface Kept {
  until: number;
  answer: Promise<ToolListing | null>;
}

const kept = new WeakMap<object, Map<string, Kept>>();

/**
 * The consumer's listing, at most half a minute old; null where no consumer is bound or none answers. Then
 * nothing is known of what is configured, tasks are accepted, and the consumer refuses what it cannot serve.
 */
export function offeringsOf(env: ProducerEnv, tenant: string): Promise<ToolListing | null> {
  const { CONSUMER } = env;
  if (CONSUMER === undefined) return Promise.resolve(null);
  const tenants = kept.get(CONSUMER) ?? new Map<string, Kept>();
  kept.set(CONSUMER, tenants);
  const known = tenants.get(tenant);
  if (known !== undefined && known.until > Date.now()) return known.answer;
  if (tenants.size >= offeringLimits.tenantsKeptMax) tenants.clear();
  const answer = askConsumer<ToolListing>(CONSUMER, {
    what: "offerings",
    path: `/tools?${new URLSearchParams({ tenant })}`,
    msMax: offeringLimits.askMsMax,
  });
  tenants.set(tenant, { until: Date.now() + offeringLimits.keptMs, answer });
  // No answer is not worth keeping: the next call may find the consumer up.
  void answer.then((listing) => listing === null && tenants.delete(tenant));
  return answer;
}
