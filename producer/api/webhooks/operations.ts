/** Webhooks that could not be delivered, and delivering one again. */
import { Type } from "@sinclair/typebox";
import { webhookIdPattern } from "../../../shared/identity/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, limitUpTo, strict } from "../../http/values.ts";
import { WebhookPage, WebhookResponse } from "./responses.ts";

export const WebhookQuery = Type.Partial(
  Type.Object({
    cursor: cursorOf(webhookIdPattern),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

export const listDeadWebhooks = operation({
  id: "listDeadWebhooks",
  method: "GET",
  path: "/v1/webhooks/dead",
  scope: "read",
  summary: "Lists webhooks whose delivery was given up, newest first.",
  query: WebhookQuery,
  responses: { 200: json(WebhookPage) },
});

export const redeliverWebhook = operation({
  id: "redeliverWebhook",
  method: "POST",
  path: "/v1/webhooks/:id/redeliver",
  scope: "submit",
  summary: "Delivers a webhook again under the same id; its tries restart.",
  responses: { 202: json(WebhookResponse) },
  errors: ["conflict"],
});
