/** Rows of `webhooks`: the outbox. Triggers insert them in the write that ends a task or a batch. */

import { storeLimits, webhookLimits } from "../limits.ts";
import type { ReplyTo } from "../platform/reply_to.ts";
import type { Webhook } from "../task/task.ts";
import { nowSql } from "./clock.ts";
import { sql } from "./sql.ts";

export interface WebhookRow {
  /** The same in all tries, so that the receiver can drop repetitions. */
  id: string;
  tenant: string;
  event: "task.ended" | "batch.finished" | "approval.requested";
  /** The id of the task, the batch or the approval. */
  subject: string;
  /** JSON of `WebhookTarget`. */
  target: string;
  state: "waiting" | "delivered" | "dead";
  tries: number;
  due_at: number | null;
  last_error: string | null;
  created_at: number;
  ended_at: number | null;
  /** The try that started to send a mail; null for an HTTP webhook, and when no mail was sent. */
  sending: number | null;
}

/** An HTTP endpoint, or the reply to a mail. */
export type WebhookTarget = Webhook | ReplyTo;

/**
 * Takes due webhooks, to be sent to the queue. Concurrent sweeps take different ones. Taking is a lease: a
 * webhook whose message is lost becomes due again.
 */
export async function takeDueWebhooks(db: D1Database, limit: number): Promise<WebhookRow[]> {
  return sql.all<WebhookRow>(
    db,
    "take due webhooks",
    `UPDATE webhooks SET due_at = ${nowSql} + ${webhookLimits.tryLeaseMs}
     WHERE id IN (SELECT id FROM webhooks WHERE due_at <= ${nowSql} ORDER BY due_at LIMIT ?1)
     RETURNING *`,
    [limit],
  );
}

/** Starts the try after `tries`; null when another message has started it, or the webhook has ended. */
export async function startTry(
  db: D1Database,
  id: string,
  tries: number,
): Promise<WebhookRow | null> {
  return sql.first<WebhookRow>(
    db,
    "start webhook try",
    `UPDATE webhooks SET tries = tries + 1, due_at = ${nowSql} + ${webhookLimits.tryLeaseMs}
     WHERE id = ?1 AND tries = ?2 AND state = 'waiting' RETURNING *`,
    [id, tries],
  );
}

/**
 * The last write before a mail is sent. False when another try has started: then this one sends nothing.
 * A row with this mark and no outcome belongs to a worker that died and may have sent.
 */
export async function markSending(
  db: D1Database,
  { id, tries }: Pick<WebhookRow, "id" | "tries">,
): Promise<boolean> {
  const changedRows = await sql.run(
    db,
    "mark mail as sending",
    "UPDATE webhooks SET sending = ?2 WHERE id = ?1 AND tries = ?2 AND state = 'waiting'",
    [id, tries],
  );
  return changedRows === 1;
}

/** `waiting`: tried again after a delay. `dead`: not tried again. */
export type TryOutcome =
  | { state: "delivered" }
  | { state: "waiting"; error: string; waitMs: number }
  | { state: "dead"; error: string };

export async function endTry(db: D1Database, row: WebhookRow, end: TryOutcome): Promise<void> {
  await sql.run(
    db,
    "end webhook try",
    `UPDATE webhooks SET state = ?3, last_error = ?4, due_at = ${nowSql} + ?5,
       ended_at = CASE WHEN ?3 = 'waiting' THEN NULL ELSE ${nowSql} END,
       sending = CASE WHEN ?3 = 'waiting' THEN NULL ELSE sending END
     WHERE id = ?1 AND tries = ?2 AND state = 'waiting'`,
    [
      row.id,
      row.tries,
      end.state,
      end.state === "delivered" ? null : end.error,
      end.state === "waiting" ? end.waitMs : null,
    ],
  );
}

/** Dead webhooks, newest first; one row more than `limit` shows that another page follows. */
export async function listDeadWebhooks(
  db: D1Database,
  tenant: string,
  cursor: string | null,
  limit: number,
): Promise<WebhookRow[]> {
  return sql.all<WebhookRow>(
    db,
    "list dead webhooks",
    `SELECT * FROM webhooks INDEXED BY webhooks_dead
     WHERE tenant = ?1 AND state = 'dead' AND id < ?2 ORDER BY id DESC LIMIT ?3`,
    [tenant, cursor ?? "hook`", Math.min(limit, storeLimits.pageRowsMax) + 1],
  );
}

export async function readWebhook(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<WebhookRow | null> {
  return sql.first<WebhookRow>(
    db,
    "read webhook",
    "SELECT * FROM webhooks WHERE id = ?1 AND tenant = ?2",
    [id, tenant],
  );
}

/** Starts the tries of an ended webhook from scratch, under the same id. False when it has not ended. */
export async function redeliver(db: D1Database, tenant: string, id: string): Promise<boolean> {
  const changedRows = await sql.run(
    db,
    "redeliver webhook",
    `UPDATE webhooks SET state = 'waiting', tries = 0, due_at = ${nowSql}, ended_at = NULL,
       sending = NULL
     WHERE id = ?1 AND tenant = ?2 AND state <> 'waiting'`,
    [id, tenant],
  );
  return changedRows === 1;
}
