/** What a task is checked against: who sends it, what this fleet knows, and the time of the check. */
import { customTools } from "../consumer/tools/custom.ts";
import { findPolicy, policyTable } from "../policies/index.ts";
import { routeOf } from "../shared/serving.ts";
import { standardTools } from "../shared/task.ts";
import type { Principal } from "./auth.ts";
import type { ProducerEnv } from "./env.ts";

export interface CheckScope {
  /** The model of tasks that name none. */
  model: string;
  /** Whether scripted models are taken: always in local runs, else from admins only. */
  rehearsals: boolean;
  now: number;
  tools: readonly string[];
  /** Why the tenant may not use the policy, or null. Asked once for each name. */
  policyFault: (name: string) => string | null;
  /** Why nothing here serves the model, or null. Asked once for each id. */
  modelFault: (id: string) => string | null;
  /** Parts that were found good before: 50,000 lines may share one default. */
  proven: WeakSet<object>;
}

const defaultModel = "MODEL names the model of tasks that name none.";

export function checkScope(env: ProducerEnv, principal: Principal, now = Date.now()): CheckScope {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  return {
    model: env.MODEL,
    rehearsals: env.FLEET_MODE === "local" || principal.scopes.includes("admin"),
    now,
    tools: [...standardTools, ...customTools.map((tool) => tool.name)],
    policyFault: remembered((name) => {
      const answer = findPolicy(table, name, principal.tenant, env.FLEET_MODE);
      return answer.ok ? null : answer.message;
    }),
    modelFault: remembered((id) => {
      const serving = { workersAi: env.WORKERS_AI === "bound", baseUrl: env.MODEL_BASE_URL };
      const route = routeOf(id, serving);
      return route.kind === "none" ? `${route.missing} ${defaultModel}` : null;
    }),
    proven: new WeakSet(),
  };
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
