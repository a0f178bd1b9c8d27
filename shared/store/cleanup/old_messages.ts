/** Webhooks and dead messages past their retention time. */
import { sweepLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { type CleanupPage, cleanupPageOf } from "./cleanup_page.ts";

/** Webhooks that ended, delivered or dead. A redelivered webhook is waiting again. */
const oldWebhookSql = "state <> 'waiting' AND ended_at <= ?1";

export async function listOldWebhooks(
  db: D1Database,
  page: { after: string; bound: string; before: number },
): Promise<CleanupPage<{ id: string }>> {
  const rows = await sql.all<{ id: string; old: number }>(
    db,
    "list old webhooks",
    `SELECT id, (${oldWebhookSql}) AS old FROM webhooks
     WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT ${sweepLimits.oldMessagesPerPage}`,
    [page.before, page.after, page.bound],
  );
  return cleanupPageOf(rows, sweepLimits.oldMessagesPerPage);
}

/** Returns how many rows this call removed. */
export async function removeWebhooks(
  db: D1Database,
  webhooks: readonly { id: string }[],
  before: number,
): Promise<number> {
  return sql.run(
    db,
    "remove webhooks",
    `DELETE FROM webhooks WHERE id IN (SELECT value FROM json_each(?2)) AND ${oldWebhookSql}`,
    [before, JSON.stringify(webhooks.map(({ id }) => id))],
  );
}

/** Ids come from the queue and do not contain a time, so all rows are read. */
export async function listOldDeadMessages(
  db: D1Database,
  page: { after: string; before: number },
): Promise<CleanupPage<{ id: string }>> {
  const rows = await sql.all<{ id: string; old: number }>(
    db,
    "list old dead messages",
    `SELECT id, (received_at <= ?1) AS old FROM inbox_dead
     WHERE id > ?2 ORDER BY id LIMIT ${sweepLimits.oldMessagesPerPage}`,
    [page.before, page.after],
  );
  return cleanupPageOf(rows, sweepLimits.oldMessagesPerPage);
}

export async function removeDeadMessages(
  db: D1Database,
  messages: readonly { id: string }[],
): Promise<number> {
  return sql.run(
    db,
    "remove dead messages",
    "DELETE FROM inbox_dead WHERE id IN (SELECT value FROM json_each(?1))",
    [JSON.stringify(messages.map(({ id }) => id))],
  );
}
