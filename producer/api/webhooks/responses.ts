/** A webhook, or a mail reply, and its delivery. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, NextCursor, oneOf, orNull, Time } from "../../http/values.ts";

export const WebhookResponse = Type.Object(
  {
    id: Type.String(),
    event: oneOf(["task.ended", "batch.finished", "approval.requested"]),
    subject: Type.String({ description: "the task's or the batch's id" }),
    url: Type.String(),
    state: oneOf(["waiting", "delivered", "dead"]),
    tries: Count,
    last_error: orNull(Type.String()),
    created_at: Time,
    ended_at: orNull(Time),
  },
  { $id: "WebhookDelivery", essential: ["id", "subject", "url"] },
);
export type WebhookResponse = Static<typeof WebhookResponse>;
export const WebhookPage = Type.Object({
  webhooks: Type.Array(WebhookResponse),
  next_cursor: NextCursor,
});
export type WebhookPage = Static<typeof WebhookPage>;
