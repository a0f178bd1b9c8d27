/**
 * The way out for what the fleet itself sends beside its tasks, such as a webhook: a policy by name, as it
 * stands now, and the same decision, injection, scrubbing and log line as any request of a task.
 */
import { findPolicy } from "../../policies/index.ts";
import { log } from "../../shared/log.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { TaskEgressLimits } from "./budget.ts";
import { createGateway, type Gateway } from "./gateway.ts";

export interface Errand {
  /** Such as `webhooks`. One that is unknown, invalid or not of the tenant denies everything. */
  policyName: string;
  tenant: string;
  /** What this errand may send, and send and receive, in all. */
  limits: TaskEgressLimits;
  signal: AbortSignal;
  /** Stands in the log line of each decision. */
  about: Readonly<Record<string, string>>;
}

/** `fetch` hands a redirect back as it is; `drain` gives the rows for the egress log. */
export function fleetGateway(fleet: ConsumerConfig, errand: Errand): Gateway {
  const { policyName, tenant, limits, signal, about } = errand;
  return createGateway({
    policyName,
    policy: findPolicy(fleet.policies, policyName, tenant, fleet.mode),
    mode: fleet.mode,
    secretOf: fleet.secretOf,
    hosts: fleet.hosts,
    routes: fleet.routes,
    limits,
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal,
    // The errand is the effect: whoever sends it has written down that it begins.
    beforeSend: async () => "go",
    log: ({ at: _, n: __, ...row }) => log("egress_decision", { ...about, ...row }),
    send: (url, init) => fetch(url, init),
  });
}
