/**
 * The gateway for requests of the fleet itself, such as webhooks: the current policy of a name, and the same
 * decision, injection, scrubbing and log line as for any request of a task.
 */
import { findPolicy } from "../../policies/index.ts";
import { log } from "../../shared/platform/log.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { TaskEgressLimits } from "./budget.ts";
import { createGateway, type Gateway } from "./gateway.ts";

export interface FleetGatewayOptions {
  /** The policy's name, such as `webhooks`. An unknown, invalid or foreign policy denies everything. */
  policyName: string;
  tenant: string;
  limits: TaskEgressLimits;
  signal: AbortSignal;
  /** Added to the log line of each decision. */
  logFields: Readonly<Record<string, string>>;
}

export function createFleetGateway(
  config: ConsumerConfig,
  { policyName, tenant, limits, signal, logFields }: FleetGatewayOptions,
): Gateway {
  return createGateway({
    policyName,
    policy: findPolicy(config.policies, policyName, tenant, config.mode),
    mode: config.mode,
    secretOf: config.secretOf,
    hosts: config.hosts,
    routes: config.routes,
    limits,
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal,
    // The caller has recorded the effect before this request.
    announce: async () => "go",
    log: ({ at: _, n: __, ...row }) => log("egress_decision", { ...logFields, ...row }),
    send: (url, init) => fetch(url, init),
  });
}
