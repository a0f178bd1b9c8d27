/**
 * The producer. A request is authenticated, checked, stored in D1 (large bodies in R2), sent to the queue
 * and answered with 202: api.ts -> api/tasks/handlers.ts -> tasks/check/check.ts -> tasks/accept.ts ->
 * tasks/send.ts. A batch is stored in R2 as a whole, and batches/expand.ts creates tasks from its lines.
 * Each minute schedules/tick.ts submits the batches of due schedules, sweep/ continues what is stuck and
 * sends what was never delivered, batches/finish.ts finishes batches and evals/advance_eval.ts grades evaluations; then due webhooks are sent to
 * their queue. Tasks also come from the queue `inbox`, the service binding `Fleet` and mail (ingress/);
 * tasks/submit.ts accepts all of them.
 */
import { countQueries } from "../shared/store/counted_database.ts";
import { api } from "./api.ts";
import { finishDueBatches } from "./batches/finish.ts";
import type { ProducerEnv } from "./env.ts";
import { advanceDueEvals } from "./evals/advance_eval.ts";
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
    const countedEnv = { ...env, DB: countQueries(env.DB).db };
    await Promise.all([runDueTicks(countedEnv), sweep(countedEnv), finishDueBatches(countedEnv)]);
    await advanceDueEvals(countedEnv);
    await sendDueWebhooks(countedEnv);
  },
  queue(batch, env) {
    return readInbox(env, batch);
  },
  email(message, env) {
    return receiveMail(message, env);
  },
} satisfies ExportedHandler<ProducerEnv>;
