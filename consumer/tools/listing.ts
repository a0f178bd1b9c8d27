/** What a tenant's tasks may use here, and what is hidden from them and why: the answer to `GET /v1/tools`. */
import type { ConsumerEnv } from "../env.ts";
import { catalog, offerOf, unavailable } from "./catalog.ts";
import type { Effect } from "./define.ts";

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
export interface Listing {
  tools: ListedTool[];
}

export function listingFor(tenant: string, env: ConsumerEnv): Listing {
  return {
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
