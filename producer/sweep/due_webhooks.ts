/** Every minute: sends due webhooks to their queue. The row stays until delivery, so a lost message is sent again. */
import { platformLimits, webhookLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/platform/log.ts";
import type { WebhookMessage } from "../../shared/platform/message.ts";
import { takeDueWebhooks } from "../../shared/store/webhooks.ts";
import type { ProducerEnv } from "../env.ts";

/** Never throws: webhooks that could not be sent are due again when their lease ends. */
export async function sendDueWebhooks(env: ProducerEnv): Promise<void> {
  const size = platformLimits.queueSendBatchMessagesMax;
  try {
    for (let sentCount = 0; sentCount < webhookLimits.sentPerMinuteMax; sentCount += size) {
      const due = await takeDueWebhooks(env.DB, size);
      const messages = due.map(({ id, tries }) => ({
        body: { v: 1, webhook_id: id, tries } satisfies WebhookMessage,
      }));
      if (messages.length > 0) await env.WEBHOOKS.sendBatch(messages);
      if (messages.length < size) return;
    }
  } catch (error) {
    logBug("webhooks", error);
    log("unhealthy", { what: "webhooks" });
  }
}
