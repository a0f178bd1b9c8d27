/** A refusal as the agent receives it: a JSON answer that names policy, reason and what to do. */
import type { Policy } from "../../policies/schema.ts";
import { egressLimits } from "../../shared/limits.ts";
import type { GuestResponse } from "../sandbox/engine.ts";
import { type RefusalReason, refusals } from "./reason.ts";

export interface Refusal {
  reason: RefusalReason;
  policyName: string;
  /** What the policy permits, told when no rule matched; null where there is no policy. */
  policy: Policy | null;
  method: string;
  host: string;
  /** As the agent passed it; it becomes the answer's `url`. */
  url: string;
}

export function refusalAnswer(refusal: Refusal): GuestResponse {
  const { code, status, words } = refusals[refusal.reason];
  const error = {
    code,
    policy: refusal.policyName,
    host: refusal.host,
    reason: refusal.reason,
    message: `${refusal.method} ${refusal.host}: ${words}`,
    ...(refusal.reason === "no_rule" && refusal.policy !== null
      ? { permitted: permitted(refusal.policy) }
      : {}),
  };
  return {
    url: refusal.url,
    status,
    statusText: { 403: "Forbidden", 429: "Too Many Requests", 502: "Bad Gateway" }[status],
    headers: [["content-type", "application/json"]],
    body: new TextEncoder().encode(JSON.stringify({ error })),
  };
}

/** The rules as one line each, without their secrets: `GET, POST https://orders.example/v1/`. */
function permitted(policy: Policy): string[] {
  return policy.rules.slice(0, egressLimits.permittedShownMax).map((rule) => {
    const methods = rule.methods?.join(", ") ?? "any method";
    const schemes = rule.inject === undefined ? (rule.schemes ?? ["https"]) : ["https"];
    const port = rule.port === undefined ? "" : `:${rule.port}`;
    return `${methods} ${schemes.join("|")}://${rule.host}${port}${rule.path_prefix ?? "/"}`;
  });
}
