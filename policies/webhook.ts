/** Whether a webhook could be delivered: its policy permits the URL, and its tenant to sign with the secret. Pure. */
import type { Webhook } from "../shared/task.ts";
import { compile, decide } from "./decide.ts";
import { hostMatches } from "./host.ts";
import type { PolicyAnswer } from "./index.ts";
import type { Policy } from "./schema.ts";

/** Why not, in words that say what to change; null where it could. `answer` is of the policy `webhooks`. */
export function webhookFault(answer: PolicyAnswer, tenant: string, told: Webhook): string | null {
  if (!answer.ok) return answer.message;
  const unsigned = signingFault(answer.policy, tenant, told);
  if (unsigned !== null) return `${unsigned}: add it to "secrets" in policies/webhooks.json`;
  const asked = { url: told.url, method: "POST", headers: [] };
  const decision = decide(compile(answer.policy), asked);
  if (decision.action !== "deny") return null;
  return `the policy webhooks does not permit POST to this URL (${decision.reason}): add a rule for its host to policies/webhooks.json`;
}

/**
 * Why nothing may be signed with the secret for this tenant and the URL's host; null where it may. Whoever
 * verifies a signature takes it for the secret's owner, so a secret signs for nobody else.
 */
export function signingFault(
  policy: Policy,
  tenant: string,
  { url, secret }: Webhook,
): string | null {
  const owned = (policy.secrets ?? []).filter(
    ({ name, tenants }) => name === secret && tenants?.includes(tenant) !== false,
  );
  if (owned.length === 0) {
    return `the policy webhooks does not list the secret ${secret} for the tenant ${tenant}`;
  }
  const host = URL.parse(url)?.hostname ?? "";
  const signs = owned.some(
    ({ hosts }) => hosts?.some((pattern) => hostMatches(pattern, host)) !== false,
  );
  return signs ? null : `the policy webhooks does not list this host for the secret ${secret}`;
}
