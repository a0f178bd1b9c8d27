/** The messages of the queues: ids, never payloads (a message holds 128 KB and may be lost). */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export const TaskMessage = Type.Object({
  v: Type.Literal(1),
  task_id: Type.String({ minLength: 1, maxLength: 64 }),
  model: Type.String({ minLength: 1, maxLength: 200 }),
});
export type TaskMessage = Static<typeof TaskMessage>;

export const taskMessage = (task_id: string, model: string): TaskMessage => ({
  v: 1,
  task_id,
  model,
});

/** The message of the queue `webhooks`. `tries` identifies the try, so that a second copy starts none. */
export const WebhookMessage = Type.Object({
  v: Type.Literal(1),
  webhook_id: Type.String({ minLength: 1, maxLength: 80 }),
  tries: Type.Integer({ minimum: 0 }),
});
export type WebhookMessage = Static<typeof WebhookMessage>;

export function readWebhookMessage(body: unknown): WebhookMessage | null {
  return Value.Check(WebhookMessage, body) ? body : null;
}

/** Null for an invalid body, which is acknowledged and logged, because no retry can fix it. */
export function readTaskMessage(body: unknown): TaskMessage | null {
  return Value.Check(TaskMessage, body) ? body : null;
}
