/** Whether a webhook can be delivered: its policy allows the URL, and the tenant may sign with the secret. Pure. */
import { err, ok, type Result } from "../shared/result.ts";
import type { Webhook } from "../shared/task/task.ts";
import { compile, decide } from "./decide.ts";
import { hostMatches } from "./host.ts";
import type { PolicyLookup } from "./index.ts";
import type { Policy } from "./schema.ts";

/** The error says what to change. `lookup` is that of the policy `webhooks`. */
export function checkWebhook(
  lookup: PolicyLookup,
  tenant: string,
  webhook: Webhook,
): Result<void, string> {
  if (!lookup.ok) return err(lookup.error.message);
  const { policy } = lookup.value;
  const signing = checkSigning(policy, tenant, webhook);
  if (!signing.ok) return err(`${signing.error}: add it to "secrets" in policies/webhooks.json`);
  const request = { url: webhook.url, method: "POST", headers: [] };
  const decision = decide(compile(policy), request);
  if (decision.action !== "deny") return ok(undefined);
  return err(
    `the policy webhooks does not allow POST to this URL (${decision.reason}): add a rule for its host to policies/webhooks.json`,
  );
}

/**
 * Whether the tenant may sign with the secret for the URL's host. A receiver trusts a signature as that of the
 * secret's owner, so a secret signs only for its tenants and hosts.
 */
export function checkSigning(
  policy: Policy,
  tenant: string,
  { url, secret }: Webhook,
): Result<void, string> {
  const ownedSecrets = (policy.secrets ?? []).filter(
    ({ name, tenants }) => name === secret && tenants?.includes(tenant) !== false,
  );
  if (ownedSecrets.length === 0) {
    return err(`the policy webhooks does not list the secret ${secret} for the tenant ${tenant}`);
  }
  const host = URL.parse(url)?.hostname ?? "";
  const signs = ownedSecrets.some(
    ({ hosts }) => hosts?.some((pattern) => hostMatches(pattern, host)) !== false,
  );
  if (signs) return ok(undefined);
  return err(`the policy webhooks does not list this host for the secret ${secret}`);
}
