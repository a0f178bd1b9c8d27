/** What a task is checked against: who sends it, what this fleet knows, and the time of the check. */

import type { ToolListing } from "../../consumer/rpc/tools.ts";
import { customTools } from "../../consumer/tools/custom.ts";
import { findPolicy, policyTable } from "../../policies/index.ts";
import { webhookFault } from "../../policies/webhook.ts";
import { routeOf } from "../../shared/serving.ts";
import { bindingTools, standardTools, type Webhook } from "../../shared/task.ts";
import type { Principal } from "../auth/auth.ts";
import type { ProducerEnv } from "../env.ts";
import { offeringsOf } from "./available_tools.ts";

export interface CheckScope {
  /** The model of tasks that name none. */
  model: string;
  /** Whether scripted models are taken: always in local runs, else from admins only. */
  rehearsals: boolean;
  now: number;
  tools: readonly string[];
  /** What the consumer says is configured; null where nobody can tell, and then nothing is refused for it. */
  offered: ToolListing | null;
  /** Why the tenant may not use the policy, or null. Asked once for each name. */
  policyFault: (name: string) => string | null;
  /** Why nothing here serves the model, or null. Asked once for each id. */
  modelFault: (id: string) => string | null;
  /** Why a webhook would not be delivered, or null. */
  webhookFault: (webhook: Webhook) => string | null;
  /** Parts that were found good before: 50,000 lines may share one default. */
  proven: WeakSet<object>;
}

const defaultModel = "MODEL names the model of tasks that name none.";

/** `offered` is the consumer's listing, where the caller has asked for it: else nothing is refused for want of it. */
export function checkScope(
  env: ProducerEnv,
  principal: Principal,
  now = Date.now(),
  offered: ToolListing | null = null,
): CheckScope {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  return {
    model: env.MODEL,
    rehearsals: env.FLEET_MODE === "local" || principal.scopes.includes("admin"),
    now,
    tools: [...standardTools, ...bindingTools, ...customTools.map((tool) => tool.name)],
    offered,
    policyFault: remembered((name) => {
      const answer = findPolicy(table, name, principal.tenant, env.FLEET_MODE);
      return answer.ok ? null : answer.message;
    }),
    modelFault: remembered((id) => {
      const serving = { workersAi: env.WORKERS_AI === "bound", baseUrl: env.MODEL_BASE_URL };
      const route = routeOf(id, serving);
      return route.kind === "none" ? `${route.missing} ${defaultModel}` : null;
    }),
    webhookFault: (webhook) => {
      const { tenant } = principal;
      const answer = findPolicy(table, "webhooks", tenant, env.FLEET_MODE);
      return webhookFault(answer, tenant, webhook);
    },
    proven: new WeakSet(),
  };
}

/** The scope of a request that may wait for the consumer's listing. */
export async function scopeHere(env: ProducerEnv, principal: Principal): Promise<CheckScope> {
  return checkScope(env, principal, Date.now(), await offeringsOf(env, principal.tenant));
}

function remembered(ask: (name: string) => string | null): (name: string) => string | null {
  const answers = new Map<string, string | null>();
  return (name) => {
    const known = answers.get(name);
    if (known !== undefined) return known;
    const answer = ask(name);
    answers.set(name, answer);
    return answer;
  };
}
