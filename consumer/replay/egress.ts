/** The decisions of a finished task, decided once more by a policy: the one that it had, or another. */
import { type CompiledPolicy, compile, decideLocally } from "../../policies/decide.ts";
import { parsePolicy } from "../../policies/policy.ts";
import type { RecordedDecision } from "./recording.ts";

/** Null where the text is missing or no policy: then everything is denied. */
export function compiled(text: string | null): CompiledPolicy | null {
  const parsed = text === null ? null : parsePolicy(text);
  return parsed?.ok ? compile(parsed.policy) : null;
}

/** What the table itself says no for; other denials are the gateway's, such as a budget that is used up. */
const ofTheTable: readonly string[] = [
  "invalid_policy",
  "bad_url",
  "scheme",
  "userinfo",
  "method",
  "address",
  "name",
  "no_rule",
];

/** What was decided and what is decided now, where that differs; null where it is the same. */
export function decidedAgain(
  policy: CompiledPolicy | null,
  was: RecordedDecision,
): { was: string; now: string } | null {
  // The log holds no headers, so a denial for one cannot be decided again.
  if (was.reason === "header") return null;
  const { url, method } = was;
  const now = decideLocally(policy, { url, method, headers: [] });
  const denied = was.action === "deny" && ofTheTable.includes(was.reason);
  const said = `${method} ${url}`;
  const nowSaid =
    now.action === "deny" ? `deny (${now.reason})` : `${now.action} (rule ${now.rule})`;
  if (denied) {
    return now.action === "deny" ? null : { was: `${said}: deny (${was.reason})`, now: nowSaid };
  }
  if (was.action === "deny") {
    // The table let it through and the gateway stopped it, which a replay does not do again.
    return now.action === "deny" ? { was: `${said}: deny (${was.reason})`, now: nowSaid } : null;
  }
  const same = now.action === was.action && now.rule === was.rule;
  return same ? null : { was: `${said}: ${was.action} (rule ${was.rule})`, now: nowSaid };
}
