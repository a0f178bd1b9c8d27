/**
 * The consumer. From `tasks` and `tasks-low`, deliver: a slot that takes the next task, runs a
 * slice of it (the loop), settles or requeues it, and takes the next. From `tasks-dlq`, what the platform gave up on, deadLetter: one more failed
 * attempt. From `webhooks`, deliverWebhook: one try of one webhook. Each message is decided once, by itself,
 * and the handler never throws, because the platform delivers all messages of a failed batch again.
 */
import { retryLimits } from "../shared/limits.ts";
import { logFailure } from "../shared/platform/retries.ts";
import { readConfig } from "./config/config.ts";
import type { ConsumerEnv } from "./config/env.ts";
import { deadLetter } from "./delivery/dead_letter.ts";
import { deliver } from "./delivery/deliver.ts";
import { openInvocation } from "./delivery/invocation.ts";
import { deliverLocally } from "./delivery/local_pool.ts";
import { deliverWebhook } from "./notify/webhook.ts";

export { Governor } from "./governor/governor.ts";
export { ConsumerApi } from "./rpc/consumer_api.ts";

export default {
  async queue(batch, env, ctx?: Pick<ExecutionContext, "waitUntil">): Promise<void> {
    const config = await readConfig(env).catch((error) => {
      logFailure("config", error);
      return null;
    });
    if (config === null) return retryOrDrop(batch);
    const { queue, messages } = batch;
    if (queue.includes("webhooks"))
      return handleAll(messages, (one) => deliverWebhook(config, one));
    if (queue.includes("-dlq")) return handleAll(messages, (one) => deadLetter(config, one));
    const priority = queue.includes("tasks-low") ? "low" : "normal";
    if (env.FLEET_CONCURRENCY !== undefined && ctx !== undefined) {
      for (const one of messages)
        deliverLocally(config, one, priority, (work) => ctx.waitUntil(work));
      return;
    }
    const invocation = openInvocation(config, Math.random());
    return handleAll(messages, (one) => deliver(invocation, one, priority));
  },
} satisfies ExportedHandler<ConsumerEnv>;

async function handleAll(
  messages: readonly Message<unknown>[],
  handle: (message: Message<unknown>) => Promise<void>,
): Promise<void> {
  await Promise.all(messages.map(handle));
}

/** Handles messages without a configuration: tasks are retried; a webhook's message is dropped, because the outbox sends another one. */
function retryOrDrop({ queue, messages }: MessageBatch<unknown>): void {
  for (const message of messages) {
    if (queue.includes("webhooks")) message.ack();
    else message.retry({ delaySeconds: Math.ceil(retryLimits.requeueMs / 1000) });
  }
}
