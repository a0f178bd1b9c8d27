/**
 * The consumer. From `tasks` and `tasks-low`, deliver: admit -> claim -> slice (the loop) -> conclude,
 * which settles the task or gives it back. From `tasks-dlq`, what the platform gave up on, deadLetter: one
 * more failed attempt. From `webhooks`, deliverWebhook: one try of one webhook. Every message is decided
 * once, by itself, and the handler never throws, because a throw delivers even acknowledged messages again.
 */
import { logBug } from "../shared/log.ts";
import { readConfig } from "./config/config.ts";
import type { ConsumerEnv } from "./config/env.ts";
import { deadLetter } from "./delivery/dead_letter.ts";
import { deliver } from "./delivery/deliver.ts";
import { deliverWebhook } from "./notify/webhook.ts";
import { answerProducer } from "./rpc/index.ts";

export { Governor } from "./governor/governor.ts";

export default {
  async queue(batch, env): Promise<void> {
    const fleet = await readConfig(env).catch((error) => {
      logBug("fleet", error);
      return null;
    });
    const priority = batch.queue.includes("tasks-low") ? "low" : "normal";
    const handle = (message: Message<unknown>) => {
      if (batch.queue.includes("webhooks")) return deliverWebhook(fleet, message);
      return batch.queue.includes("-dlq")
        ? deadLetter(fleet, message)
        : deliver(fleet, message, priority);
    };
    await Promise.all(batch.messages.map(handle));
  },

  /** Reached over the producer's service binding alone. */
  async fetch(request, env): Promise<Response> {
    return answerProducer(request, env);
  },
} satisfies ExportedHandler<ConsumerEnv>;
