/**
 * The producer. A request is authenticated, checked, stored in D1 (large bodies in R2), sent to the queue
 * and answered with 202: api.ts -> routes/ -> check.ts -> accept.ts -> send.ts. A batch goes to R2 whole,
 * and expand.ts makes tasks of its lines. Each minute tick.ts submits the batches of schedules that are due,
 * the sweep goes on with what stands still and sends what was never delivered, and close.ts finishes
 * the batches whose tasks have all ended; then the webhooks that are due go to their queue.
 * Tasks also come from the queue `inbox`, over the binding `Fleet` and by mail: all of them by submit.ts.
 */
import { api } from "./api.ts";
import { closeDueBatches } from "./close.ts";
import { sendDueWebhooks } from "./due_webhooks.ts";
import type { ProducerEnv } from "./env.ts";
import { readInbox } from "./inbox.ts";
import { receiveMail } from "./mail.ts";
import { sweep } from "./sweep.ts";
import { runDueTicks } from "./tick.ts";

export { Fleet } from "./fleet_entrypoint.ts";

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
