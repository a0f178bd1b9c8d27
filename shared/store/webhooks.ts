/** Rows of `webhooks`: the outbox. Triggers write them in the very write that ends a task or a batch. */
import type { AnswerTo } from "../answer_to.ts";
import { storeLimits, webhookLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { Webhook } from "../task.ts";
import { nowSql } from "./clock.ts";

export interface WebhookRow {
  /** Stable over all tries: who receives it tells repetitions by it. */
  id: string;
  tenant: string;
  event: "task.ended" | "batch.finished";
  /** The task's or batch's id. */
  subject: string;
  /** JSON of `Target`. */
  target: string;
  state: "waiting" | "delivered" | "dead";
  tries: number;
  due_at: number | null;
  last_error: string | null;
  created_at: number;
  ended_at: number | null;
  /** The try that began to send a mail; null for a webhook, and where it is known that none left. */
  sending: number | null;
}

/** Where it goes: to an endpoint, or as the answer to a mail. */
export type Target = Webhook | AnswerTo;

/**
 * Takes webhooks that are due, to be sent to the queue: two sweeps at once take different ones. Taking is
 * a lease: one whose message is lost is due again.
 */
export async function takeDueWebhooks(db: D1Database, limit: number): Promise<WebhookRow[]> {
  const { results } = await retrying("take due webhooks", () =>
    db
      .prepare(
        `UPDATE webhooks SET due_at = ${nowSql} + ${webhookLimits.tryLeaseMs}
         WHERE id IN (SELECT id FROM webhooks WHERE due_at <= ${nowSql} ORDER BY due_at LIMIT ?1)
         RETURNING *`,
      )
      .bind(limit)
      .all<WebhookRow>(),
  );
  return results;
}

/** Begins the try after `tries`; null when another message has begun it, or it has ended. */
export async function beginTry(
  db: D1Database,
  id: string,
  tries: number,
): Promise<WebhookRow | null> {
  return retrying("begin webhook try", () =>
    db
      .prepare(
        `UPDATE webhooks SET tries = tries + 1, due_at = ${nowSql} + ${webhookLimits.tryLeaseMs}
         WHERE id = ?1 AND tries = ?2 AND state = 'waiting' RETURNING *`,
      )
      .bind(id, tries)
      .first<WebhookRow>(),
  );
}

/**
 * The last write before a mail leaves. False when another try has begun: then this one sends nothing. A
 * row that has this mark and no outcome is one whose worker died, and may have sent.
 */
export async function beginSending(
  db: D1Database,
  { id, tries }: Pick<WebhookRow, "id" | "tries">,
): Promise<boolean> {
  const { meta } = await retrying("begin sending mail", () =>
    db
      .prepare(
        "UPDATE webhooks SET sending = ?2 WHERE id = ?1 AND tries = ?2 AND state = 'waiting'",
      )
      .bind(id, tries)
      .run(),
  );
  return meta.changes === 1;
}

/** How a try ended: delivered, to be tried again after a wait, or given up. */
export type TryEnd =
  | { state: "delivered" }
  | { state: "waiting"; error: string; waitMs: number }
  | { state: "dead"; error: string };

export async function endTry(db: D1Database, row: WebhookRow, end: TryEnd): Promise<void> {
  await retrying("end webhook try", () =>
    db
      .prepare(
        `UPDATE webhooks SET state = ?3, last_error = ?4, due_at = ${nowSql} + ?5,
           ended_at = CASE WHEN ?3 = 'waiting' THEN NULL ELSE ${nowSql} END,
           sending = CASE WHEN ?3 = 'waiting' THEN NULL ELSE sending END
         WHERE id = ?1 AND tries = ?2 AND state = 'waiting'`,
      )
      .bind(
        row.id,
        row.tries,
        end.state,
        end.state === "delivered" ? null : end.error,
        end.state === "waiting" ? end.waitMs : null,
      )
      .run(),
  );
}

/** Those that were given up, newest first, one more than asked for. */
export async function listDeadWebhooks(
  db: D1Database,
  tenant: string,
  cursor: string | null,
  limit: number,
): Promise<WebhookRow[]> {
  const { results } = await retrying("list dead webhooks", () =>
    db
      .prepare(
        `SELECT * FROM webhooks INDEXED BY webhooks_dead
         WHERE tenant = ?1 AND state = 'dead' AND id < ?2 ORDER BY id DESC LIMIT ?3`,
      )
      .bind(tenant, cursor ?? "hook`", Math.min(limit, storeLimits.pageRowsMax) + 1)
      .all<WebhookRow>(),
  );
  return results;
}

export async function readWebhook(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<WebhookRow | null> {
  return retrying("read webhook", () =>
    db
      .prepare("SELECT * FROM webhooks WHERE id = ?1 AND tenant = ?2")
      .bind(id, tenant)
      .first<WebhookRow>(),
  );
}

/** Lets one that has ended be tried from the start, under the same id. False when it has not ended. */
export async function redeliver(db: D1Database, tenant: string, id: string): Promise<boolean> {
  const { meta } = await retrying("redeliver webhook", () =>
    db
      .prepare(
        `UPDATE webhooks SET state = 'waiting', tries = 0, due_at = ${nowSql}, ended_at = NULL,
           sending = NULL
         WHERE id = ?1 AND tenant = ?2 AND state <> 'waiting'`,
      )
      .bind(id, tenant)
      .run(),
  );
  return meta.changes === 1;
}
