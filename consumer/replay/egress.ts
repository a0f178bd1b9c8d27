/** The egress decisions of a finished task, decided again by a policy: the pinned one, or another. */
import { type CompiledPolicy, compile, decideLocally } from "../../policies/decide.ts";
import { parsePolicy } from "../../policies/policy.ts";
import type { RecordedDecision } from "../../shared/files/recording.ts";
import type { Change } from "./compare.ts";

/** Null where the text is missing or invalid: then everything is denied. */
export function compilePolicy(text: string | null): CompiledPolicy | null {
  const parsed = text === null ? null : parsePolicy(text);
  return parsed?.ok ? compile(parsed.value.policy) : null;
}

/** The denials of the policy itself; others are the gateway's, such as one for a used-up budget. */
const policyDenials: readonly string[] = [
  "invalid_policy",
  "bad_url",
  "scheme",
  "userinfo",
  "method",
  "address",
  "name",
  "no_rule",
];

/** Compares a decision; null if it is the same. */
export function compareDecision(
  policy: CompiledPolicy | null,
  recordedDecision: RecordedDecision,
): Change | null {
  // The log holds no headers, so a denial for one cannot be decided again.
  if (recordedDecision.reason === "header") return null;
  const { url, method } = recordedDecision;
  const decision = decideLocally(policy, { url, method, headers: [] });
  const recordedLine = `${method} ${url}: ${formatDecision(recordedDecision)}`;
  const now = formatDecision(decision);
  if (recordedDecision.action !== "deny") {
    const isSame =
      decision.action === recordedDecision.action && decision.rule === recordedDecision.rule;
    return isSame ? null : { was: recordedLine, now };
  }
  // After the policy allowed a request the gateway may have stopped it, which a replay does not repeat.
  const wasDeniedByPolicy = policyDenials.includes(recordedDecision.reason);
  return wasDeniedByPolicy === (decision.action === "deny") ? null : { was: recordedLine, now };
}

const formatDecision = (decision: {
  action: string;
  rule?: number | null;
  reason?: string;
}): string =>
  decision.action === "deny"
    ? `deny (${decision.reason})`
    : `${decision.action} (rule ${decision.rule})`;
