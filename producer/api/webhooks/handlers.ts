/** Webhooks and mail replies that could not be delivered, and delivering one again. */
import { isWebhookId } from "../../../shared/identity/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import {
  listDeadWebhooks,
  readWebhook,
  redeliver,
  type WebhookRow,
  type WebhookTarget,
} from "../../../shared/store/webhooks.ts";
import { notFound } from "../../http/problem.ts";
import { pageOf, readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { sendDueWebhooks } from "../../sweep/due_webhooks.ts";
import { isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { WebhookPage, WebhookResponse } from "./responses.ts";

function webhookView(row: WebhookRow): WebhookResponse {
  const target = JSON.parse(row.target) as WebhookTarget;
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

const handleListDeadWebhooks: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.WebhookQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null, limit = storeLimits.pageRowsDefault } = query.value;
  const rows = await listDeadWebhooks(env.DB, principal.tenant, cursor, limit);
  const { page, next_cursor } = pageOf(rows, limit);
  return ok(Response.json({ webhooks: page.map(webhookView), next_cursor } satisfies WebhookPage));
};

/** Keeps the id, so that a receiver can recognise a repeated delivery. */
const handleRedeliverWebhook: Handler = async (context) => {
  const { env, principal, param } = context;
  const id = param("id");
  const row = isWebhookId(id) ? await readWebhook(env.DB, principal.tenant, id) : null;
  if (row === null) return err(notFound("webhook"));
  if (!(await redeliver(env.DB, principal.tenant, id))) {
    return err({
      kind: "conflict",
      message: "this webhook is still being delivered: wait until it is dead",
    });
  }
  context.waitUntil(sendDueWebhooks(env));
  const newRow = (await readWebhook(env.DB, principal.tenant, id)) ?? row;
  return ok(Response.json(webhookView(newRow), { status: 202 }));
};

export const webhookRoutes: readonly Route[] = [
  route(operations.listDeadWebhooks, handleListDeadWebhooks),
  route(operations.redeliverWebhook, handleRedeliverWebhook),
];
