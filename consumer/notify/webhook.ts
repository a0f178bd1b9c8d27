/**
 * One try of one row of the outbox: a webhook, or the answer to a mail. The row is there before the message;
 * a try is begun in SQL, so copies of a message make one; what fails is due again after a growing wait, and
 * is dead after the last. A webhook goes through the egress gateway under the policy `webhooks`: https
 * only, no redirects. Mail leaves over a binding, which is no request: `mail.ts`.
 */
import { findPolicy } from "../../policies/index.ts";
import { signingFault } from "../../policies/webhook.ts";
import { egressLimits, webhookLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { readWebhookMessage } from "../../shared/message.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { readBatch } from "../../shared/store/batches.ts";
import { tallyBatch } from "../../shared/store/tallies.ts";
import { readTask } from "../../shared/store/tasks.ts";
import {
  beginTry,
  endTry,
  type Target,
  type TryEnd,
  type WebhookRow,
} from "../../shared/store/webhooks.ts";
import type { Webhook } from "../../shared/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { createGateway } from "../egress/gateway.ts";
import { answered } from "./mail.ts";
import { batchPayload, taskPayload } from "./payload.ts";
import { webhookHeaders } from "./sign.ts";

/** Decides the message once; never throws. */
export async function deliverWebhook(
  fleet: ConsumerConfig | null,
  message: Message<unknown>,
): Promise<void> {
  try {
    if (fleet === null) throw new StoreFault("the fleet could not be read from its environment");
    const told = readWebhookMessage(message.body);
    if (told === null) log("message_unreadable", { queue: "webhooks" });
    else {
      const hook = await beginTry(fleet.env.DB, told.webhook_id, told.tries);
      if (hook !== null) await endTry(fleet.env.DB, hook, await tried(fleet, hook));
    }
  } catch (error) {
    // The outbox's lease brings it back; the message itself is of no more use.
    if (!(error instanceof StoreFault)) logBug("webhook", error);
  }
  message.ack();
}

async function tried(fleet: ConsumerConfig, hook: WebhookRow): Promise<TryEnd> {
  const target = JSON.parse(hook.target) as Target;
  if ("url" in target) return posted(fleet, hook, target);
  const end = await answered(fleet.env, hook, target);
  return "failed" in end ? failed(hook, end.failed, "endpoint") : end;
}

async function posted(fleet: ConsumerConfig, hook: WebhookRow, told: Webhook): Promise<TryEnd> {
  const { url, secret: name } = told;
  const answer = findPolicy(fleet.policies, "webhooks", hook.tenant, fleet.mode);
  const unsigned = answer.ok ? signingFault(answer.policy, hook.tenant, told) : answer.message;
  if (unsigned !== null) return failed(hook, unsigned, "policy");
  const secret = fleet.secretOf(name);
  if (secret === undefined) return failed(hook, `the secret ${name} is not set`, "policy");
  const body = await payloadOf(fleet, hook);
  if (body === null) return { state: "dead", error: `${hook.subject} is gone` };
  const stop = new AbortController();
  const gateway = createGateway({
    policyName: "webhooks",
    policy: answer,
    mode: fleet.mode,
    secretOf: fleet.secretOf,
    hosts: fleet.hosts,
    routes: fleet.routes,
    limits: { requests: 1, bytes: egressLimits.requestBytesMax },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: stop.signal,
    beforeSend: async () => "go",
    log: ({ at: _, n: __, ...row }) => log("egress_decision", { webhook_id: hook.id, ...row }),
    send: (to, init) => fetch(to, init),
  });
  const headers = await webhookHeaders(secret, hook.id, Math.floor(Date.now() / 1000), body);
  const bytes = new TextEncoder().encode(body);
  const { status } = await gateway.fetch({ url, method: "POST", headers, body: bytes });
  const [row] = gateway.drain();
  stop.abort();
  log("webhook", { webhook_id: hook.id, event_name: hook.event, tries: hook.tries, status });
  if (row?.action === "deny") return failed(hook, `refused by the policy: ${row.reason}`, "policy");
  if (row?.status === null || row === undefined) return failed(hook, "no answer", "endpoint");
  if (row.status >= 200 && row.status < 300) return { state: "delivered" };
  return failed(hook, `HTTP ${row.status}`, row.status === 410 ? "gone" : "endpoint");
}

/** What policy and secrets refuse is tried again too: a deployment may mend it within hours. */
function failed(hook: WebhookRow, why: string, by: "policy" | "endpoint" | "gone"): TryEnd {
  const error = why.slice(0, webhookLimits.errorCharsMax);
  const waitMs = webhookLimits.backOffMs[hook.tries - 1];
  if (by === "gone" || waitMs === undefined) return { state: "dead", error };
  // Up to a tenth more, so that what failed together does not come back together.
  return { state: "waiting", error, waitMs: Math.round(waitMs * (1 + Math.random() / 10)) };
}

async function payloadOf({ env }: ConsumerConfig, hook: WebhookRow): Promise<string | null> {
  if (hook.event === "task.ended") {
    const task = await readTask(env.DB, hook.tenant, hook.subject);
    return task === null ? null : taskPayload(hook, task);
  }
  const batch = await readBatch(env.DB, hook.tenant, hook.subject);
  return batch === null ? null : batchPayload(hook, batch, await tallyBatch(env.DB, batch));
}
