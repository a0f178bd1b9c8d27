/** The response that the agent receives instead of the upstream's: policy, reason and what to do, as JSON. */
import type { Policy } from "../../policies/schema.ts";
import { egressLimits } from "../../shared/limits.ts";
import type { GuestResponse } from "../sandbox/engine.ts";
import { type EgressErrorReason, egressErrors } from "./error_reason.ts";

export interface EgressError {
  reason: EgressErrorReason;
  policyName: string;
  /** Its rules are listed when none matched; null without a policy. */
  policy: Policy | null;
  method: string;
  host: string;
  /** As the agent passed it; becomes the response's `url`. */
  url: string;
}

export function errorResponse({
  reason,
  policyName,
  policy,
  ...request
}: EgressError): GuestResponse {
  const { code, status, message } = egressErrors[reason];
  const error = {
    code,
    policy: policyName,
    host: request.host,
    reason,
    message: `${request.method} ${request.host}: ${message}`,
    ...(reason === "no_rule" && policy !== null ? { permitted: formatRules(policy) } : {}),
  };
  return {
    url: request.url,
    status,
    statusText: { 403: "Forbidden", 429: "Too Many Requests", 502: "Bad Gateway" }[status],
    headers: [["content-type", "application/json"]],
    body: new TextEncoder().encode(JSON.stringify({ error })),
  };
}

/** One line per rule, without its secret: `GET, POST https://orders.example/v1/`. */
function formatRules(policy: Policy): string[] {
  return policy.rules.slice(0, egressLimits.allowedShownMax).map((rule) => {
    const methods = rule.methods?.join(", ") ?? "any method";
    const schemes = rule.inject === undefined ? (rule.schemes ?? ["https"]) : ["https"];
    const port = rule.port === undefined ? "" : `:${rule.port}`;
    return `${methods} ${schemes.join("|")}://${rule.host}${port}${rule.path_prefix ?? "/"}`;
  });
}
