/**
 * The producer. A request is authenticated, checked, stored in D1 (large bodies in R2), sent to the queue and
 * answered with 202: api.ts -> routes/ -> tasks/check.ts -> tasks/accept.ts -> tasks/send.ts. A batch goes to
 * R2 whole, and batches/expand.ts makes tasks of its lines. Each minute schedules/tick.ts submits the batches
 * of schedules that are due, sweep/ goes on with what stands still and sends what was never delivered, and
 * batches/close.ts finishes the batches whose tasks have all ended; then the webhooks that are due go to
 * their queue. Tasks also come from the queue `inbox`, over the binding `Fleet` and by mail (ways_in/): all
 * of them by tasks/submit.ts.
 */
import { api } from "./api.ts";
import { closeDueBatches } from "./batches/close.ts";
import type { ProducerEnv } from "./env.ts";
import { readInbox } from "./ingress/inbox.ts";
import { receiveMail } from "./ingress/mail.ts";
import { runDueTicks } from "./schedules/tick.ts";
import { sendDueWebhooks } from "./sweep/due_webhooks.ts";
import { sweep } from "./sweep/sweep.ts";

export { Fleet } from "./ingress/service_binding.ts";

export default {
  fetch(request, env, ctx) {
    return api.fetch(request, env, ctx);
  },
  async scheduled(_tick, env) {
    await Promise.all([runDueTicks(env), sweep(env), closeDueBatches(env)]);
    await sendDueWebhooks(env);
  },
  queue(batch, env) {
    return readInbox(env, batch);
  },
  email(message, env) {
    return receiveMail(message, env);
  },
} satisfies ExportedHandler<ProducerEnv>;
