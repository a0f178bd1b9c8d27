/** Webhooks and answers to mail that could not be delivered, and sending one again. */
import { isWebhookId } from "../../../shared/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import {
  listDeadWebhooks,
  readWebhook,
  redeliver,
  type Target,
  type WebhookRow,
} from "../../../shared/store/webhooks.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { notFound } from "../../http/problem.ts";
import { paged, readQuery } from "../../http/query.ts";
import { sendDueWebhooks } from "../../sweep/due_webhooks.ts";
import { isoTime } from "../../tasks/view.ts";
import * as operations from "../operations.ts";

function webhookView(row: WebhookRow): Record<string, unknown> {
  const target = JSON.parse(row.target) as Target;
  return {
    id: row.id,
    event: row.event,
    subject: row.subject,
    url: "url" in target ? target.url : `mailto:${target.to}`,
    state: row.state,
    tries: row.tries,
    last_error: row.last_error,
    created_at: isoTime(row.created_at),
    ended_at: row.ended_at === null ? null : isoTime(row.ended_at),
  };
}

const dead: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.WebhookQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null, limit = storeLimits.pageRowsDefault } = query.value;
  const rows = await listDeadWebhooks(env.DB, principal.tenant, cursor, limit);
  const { page, next_cursor } = paged(rows, limit);
  return ok(Response.json({ webhooks: page.map(webhookView), next_cursor }));
};

/** Under the same id, so that who received it after all knows it for a repetition. */
const again: Handler = async (call) => {
  const { env, principal, param } = call;
  const id = param("id");
  const row = isWebhookId(id) ? await readWebhook(env.DB, principal.tenant, id) : null;
  if (row === null) return err(notFound("webhook"));
  if (!(await redeliver(env.DB, principal.tenant, id))) {
    return err({ kind: "conflict", message: "this webhook is still being tried" });
  }
  call.waitUntil(sendDueWebhooks(env));
  const after = (await readWebhook(env.DB, principal.tenant, id)) ?? row;
  return ok(Response.json(webhookView(after), { status: 202 }));
};

export const webhookRoutes: readonly Route[] = [
  route(operations.listDeadWebhooks, dead),
  route(operations.redeliverWebhook, again),
];
