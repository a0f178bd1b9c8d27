/** Whether a webhook could be delivered: its policy permits the URL and lists the secret. Pure. */
import { compile, decide } from "./decide.ts";
import type { PolicyAnswer } from "./index.ts";

/** Why not, in words that say what to change; null where it could. `answer` is of the policy `webhooks`. */
export function webhookFault(answer: PolicyAnswer, url: string, secret: string): string | null {
  if (!answer.ok) return answer.message;
  const { policy } = answer;
  if (!(policy.secrets ?? []).includes(secret)) {
    return `the policy webhooks does not list the secret ${secret}: add it to "secrets" in policies/webhooks.json`;
  }
  const decision = decide(compile(policy), { url, method: "POST", headers: [] });
  if (decision.action !== "deny") return null;
  return `the policy webhooks does not permit POST to this URL (${decision.reason}): add a rule for its host to policies/webhooks.json`;
}
