/**
 * One try of one row of the outbox: a webhook, or the reply to a mail. The row exists before the message. SQL
 * starts a try, so copies of a message make one try; a failed try is due again after a growing delay, and the
 * last one makes the row dead. A webhook goes through the egress gateway under the policy `webhooks`: only
 * https, no redirects. A mail is sent over a binding, which is not a request: see mail.ts.
 */
import { findPolicy } from "../../policies/index.ts";
import { checkSigning } from "../../policies/webhook.ts";
import { egressLimits, webhookLimits } from "../../shared/limits.ts";
import { withJitter } from "../../shared/platform/jitter.ts";
import { log } from "../../shared/platform/log.ts";
import { readWebhookMessage } from "../../shared/platform/message.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import { ok } from "../../shared/result.ts";
import { readApproval } from "../../shared/store/approvals.ts";
import { readBatch } from "../../shared/store/batches/batches.ts";
import { tallyBatch } from "../../shared/store/batches/tallies.ts";
import { readTask } from "../../shared/store/tasks/tasks.ts";
import {
  endTry,
  startTry,
  type TryOutcome,
  type WebhookRow,
  type WebhookTarget,
} from "../../shared/store/webhooks.ts";
import type { Webhook } from "../../shared/task/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { createFleetGateway } from "../egress/fleet_gateway.ts";
import { sendMailReply } from "./mail.ts";
import { approvalPayload, batchPayload, taskPayload } from "./payload.ts";
import { webhookHeaders } from "./sign.ts";
import { failedFinally, failedTry, type TryResult } from "./try_result.ts";

/** Delivers one webhook, or decides when to try again. Never throws. */
export async function deliverWebhook(
  config: ConsumerConfig,
  message: Message<unknown>,
): Promise<void> {
  try {
    const webhook = readWebhookMessage(message.body);
    if (webhook === null) log("message_invalid", { queue: "webhooks" });
    else {
      const row = await startTry(config.env.DB, webhook.webhook_id, webhook.tries);
      if (row !== null) await endTry(config.env.DB, row, outcomeOf(row, await send(config, row)));
    }
  } catch (error) {
    // The row's lease makes it due again, so the message is not needed.
    logFailure("webhook", error);
  }
  message.ack();
}

function send(config: ConsumerConfig, row: WebhookRow): Promise<TryResult> {
  const target = JSON.parse(row.target) as WebhookTarget;
  return "url" in target ? post(config, row, target) : sendMailReply(config.env, row, target);
}

/** A failure of the policy or a secret is tried again too: a deployment may fix it within hours. */
function outcomeOf(row: WebhookRow, result: TryResult): TryOutcome {
  if (result.ok) return { state: "delivered" };
  const { message, isFinal } = result.error;
  const error = message.slice(0, webhookLimits.errorCharsMax);
  const waitMs = webhookLimits.backOffMs[row.tries - 1];
  if (isFinal || waitMs === undefined) return { state: "dead", error };
  return { state: "waiting", error, waitMs: Math.round(withJitter(waitMs)) };
}

async function post(config: ConsumerConfig, row: WebhookRow, webhook: Webhook): Promise<TryResult> {
  const { tenant, id } = row;
  const policy = findPolicy(config.policies, "webhooks", tenant, config.mode);
  if (!policy.ok) return failedTry(policy.error.message);
  const signing = checkSigning(policy.value.policy, tenant, webhook);
  if (!signing.ok) return failedTry(signing.error);
  const secret = config.secretOf(webhook.secret);
  if (secret === undefined) return failedTry(`the secret ${webhook.secret} is not set`);
  const body = await payloadOf(config, row);
  if (body === null) return failedFinally(`${row.subject} is gone`);
  const stop = new AbortController();
  const gateway = createFleetGateway(config, {
    policyName: "webhooks",
    tenant,
    limits: { requests: 1, bytes: egressLimits.requestBytesMax },
    signal: stop.signal,
    logFields: { webhook_id: id },
  });
  const response = await gateway.fetch({
    url: webhook.url,
    method: "POST",
    headers: await webhookHeaders(secret, id, Math.floor(Date.now() / 1000), body),
    body: new TextEncoder().encode(body),
  });
  const [decision] = gateway.drain();
  stop.abort();
  const { event, tries } = row;
  log("webhook_attempt", { webhook_id: id, event_name: event, tries, status: response.status });
  if (decision?.action === "deny") return failedTry(`denied by the policy: ${decision.reason}`);
  const status = decision?.status ?? null;
  if (status === null) return failedTry("no response");
  if (status >= 200 && status < 300) return ok(undefined);
  return status === 410 ? failedFinally("HTTP 410") : failedTry(`HTTP ${status}`);
}

async function payloadOf({ env }: ConsumerConfig, row: WebhookRow): Promise<string | null> {
  if (row.event === "task.ended") {
    const task = await readTask(env.DB, row.tenant, row.subject);
    return task === null ? null : taskPayload(row, task);
  }
  if (row.event === "approval.requested") {
    const approval = await readApproval(env.DB, row.tenant, row.subject);
    return approval === null ? null : approvalPayload(row, approval);
  }
  const batch = await readBatch(env.DB, row.tenant, row.subject);
  return batch === null ? null : batchPayload(row, batch, await tallyBatch(env.DB, batch));
}
