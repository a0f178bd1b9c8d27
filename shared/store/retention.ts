/**
 * Rows past their time. Every statement asks anew whether the row is settled and old, so a redrive at the
 * same moment either comes first, and the row stays, or comes too late, and finds no row. Rows go before
 * objects: what a crash leaves between the two are objects without a row, which the sweep finds.
 */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";

/** A page of a walk: what may go, and the last key that was looked at; null at the end. */
export interface Page<T> {
  found: T[];
  last: string | null;
}

export interface OldTask {
  id: string;
  tenant: string;
  fence: number;
  /** Rows of `egress_log`, which go in the same transaction. */
  decisions: number;
}

/** Settled before `before`, and in no batch that is still kept: a batch and its tasks go together. */
const oldTaskSql = `sweep_at IS NULL AND finished_at <= ?1
  AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = tasks.batch_id)`;

/** The next page of ids below `bound`. Newer ones cannot be old enough, so they are not read. */
export async function oldTasks(
  db: D1Database,
  at: { after: string; bound: string; before: number },
): Promise<Page<OldTask>> {
  const { results } = await retrying("old tasks", () =>
    db
      .prepare(
        `SELECT id, tenant, fence, (${oldTaskSql}) AS old,
           CASE WHEN (${oldTaskSql}) THEN (SELECT COUNT(*) FROM egress_log
             WHERE egress_log.task_id = tasks.id) ELSE 0 END AS decisions
         FROM tasks WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT ${sweepLimits.oldTasksPerPage}`,
      )
      .bind(at.before, at.after, at.bound)
      .all<OldTask & { old: number }>(),
  );
  return pageOf(results, sweepLimits.oldTasksPerPage);
}

function pageOf<T extends { id: string; old: number }>(rows: T[], size: number): Page<T> {
  const last = rows.length < size ? null : (rows.at(-1)?.id ?? null);
  return { found: rows.filter(({ old }) => old === 1), last };
}

/** Of the tasks that are named with their fences, those that are still to go. */
const chosenSql = `SELECT tasks.id FROM json_each(?2) AS named JOIN tasks
  ON tasks.id = named.key AND tasks.fence = named.value WHERE ${oldTaskSql}`;

/**
 * Removes tasks with their decisions in one transaction; answers those that are gone, by this call or
 * before it, so that a repetition after a lost answer removes their objects too.
 */
export async function removeTasks(
  db: D1Database,
  tasks: readonly OldTask[],
  before: number,
): Promise<string[]> {
  const json = JSON.stringify(Object.fromEntries(tasks.map(({ id, fence }) => [id, fence])));
  const answers = await retrying("remove tasks", () =>
    db.batch([
      db.prepare(`DELETE FROM egress_log WHERE task_id IN (${chosenSql})`).bind(before, json),
      db.prepare(`DELETE FROM tasks WHERE id IN (${chosenSql})`).bind(before, json),
      db
        .prepare(
          `SELECT key AS id FROM json_each(?1)
           WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = key)`,
        )
        .bind(json),
    ]),
  );
  return (answers.at(-1)?.results ?? []).map((row) => (row as { id: string }).id);
}

export interface OldBatch {
  id: string;
  tenant: string;
}

/**
 * Whole, closed, waited for by none, and each of its tasks settled before `before`. Its tasks are the ids
 * that begin like its own.
 */
const oldBatchSql = `sweep_at IS NULL AND close_at IS NULL AND waits = 0 AND expanded >= total
  AND created_at <= ?1 AND NOT EXISTS (SELECT 1 FROM batches AS waiting
    WHERE waiting.after_batch = batches.id AND waiting.waits = 1)
  AND NOT EXISTS (SELECT 1 FROM tasks
    WHERE tasks.id > 'task_' || substr(batches.id, 7) || '-'
      AND tasks.id < 'task_' || substr(batches.id, 7) || '.'
      AND (tasks.sweep_at IS NOT NULL OR tasks.finished_at > ?1))`;

export async function oldBatches(
  db: D1Database,
  at: { after: string; bound: string; before: number },
): Promise<Page<OldBatch>> {
  const { results } = await retrying("old batches", () =>
    db
      .prepare(
        `SELECT id, tenant, (${oldBatchSql}) AS old FROM batches
         WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT ${sweepLimits.oldBatchesPerPage}`,
      )
      .bind(at.before, at.after, at.bound)
      .all<OldBatch & { old: number }>(),
  );
  return pageOf(results, sweepLimits.oldBatchesPerPage);
}

/** Removes batches; answers those that are gone. Their tasks are then removed like any others. */
export async function removeBatches(
  db: D1Database,
  batches: readonly OldBatch[],
  before: number,
): Promise<string[]> {
  const json = JSON.stringify(batches.map(({ id }) => id));
  const answers = await retrying("remove batches", () =>
    db.batch([
      db
        .prepare(
          `DELETE FROM batches WHERE id IN (SELECT value FROM json_each(?2)) AND ${oldBatchSql}`,
        )
        .bind(before, json),
      db
        .prepare(
          `SELECT value AS id FROM json_each(?1)
           WHERE NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = value)`,
        )
        .bind(json),
    ]),
  );
  return (answers.at(-1)?.results ?? []).map((row) => (row as { id: string }).id);
}

/**
 * Removes the texts of policies that no deployment has run with since `before` and that no task names.
 * A task pins what its deployment runs with, so only ids below `bound` can name such a policy. Where more
 * of those are left than one statement should read, it waits until retention has thinned them out.
 */
export async function removePolicies(
  db: D1Database,
  at: { bound: string; before: number },
): Promise<number> {
  const { meta } = await retrying("remove policies", () =>
    db
      .prepare(
        `DELETE FROM policies WHERE used_at <= ?1
           AND (SELECT COUNT(*) FROM (SELECT 1 FROM tasks WHERE id < ?2
                LIMIT ${sweepLimits.policyTasksReadMax})) < ${sweepLimits.policyTasksReadMax}
           AND NOT EXISTS (SELECT 1 FROM tasks WHERE id < ?2 AND policy_hash = policies.hash)`,
      )
      .bind(at.before, at.bound)
      .run(),
  );
  return meta.changes;
}

/** Ended, delivered or given up: one that is sent again has not ended any more. */
const oldWebhookSql = "state <> 'waiting' AND ended_at <= ?1";

export async function oldWebhooks(
  db: D1Database,
  at: { after: string; bound: string; before: number },
): Promise<Page<{ id: string }>> {
  const { results } = await retrying("old webhooks", () =>
    db
      .prepare(
        `SELECT id, (${oldWebhookSql}) AS old FROM webhooks
         WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT ${sweepLimits.oldToldPerPage}`,
      )
      .bind(at.before, at.after, at.bound)
      .all<{ id: string; old: number }>(),
  );
  return pageOf(results, sweepLimits.oldToldPerPage);
}

/** Answers how many went by this call. */
export async function removeWebhooks(
  db: D1Database,
  webhooks: readonly { id: string }[],
  before: number,
): Promise<number> {
  const { meta } = await retrying("remove webhooks", () =>
    db
      .prepare(
        `DELETE FROM webhooks WHERE id IN (SELECT value FROM json_each(?2)) AND ${oldWebhookSql}`,
      )
      .bind(before, JSON.stringify(webhooks.map(({ id }) => id)))
      .run(),
  );
  return meta.changes;
}

/** Their ids are the queue's and say nothing of when they came, so the walk goes through all of them. */
export async function oldDeadMessages(
  db: D1Database,
  at: { after: string; before: number },
): Promise<Page<{ id: string }>> {
  const { results } = await retrying("old dead messages", () =>
    db
      .prepare(
        `SELECT id, (received_at <= ?1) AS old FROM inbox_dead
         WHERE id > ?2 ORDER BY id LIMIT ${sweepLimits.oldToldPerPage}`,
      )
      .bind(at.before, at.after)
      .all<{ id: string; old: number }>(),
  );
  return pageOf(results, sweepLimits.oldToldPerPage);
}

export async function removeDeadMessages(
  db: D1Database,
  messages: readonly { id: string }[],
): Promise<number> {
  const { meta } = await retrying("remove dead messages", () =>
    db
      .prepare("DELETE FROM inbox_dead WHERE id IN (SELECT value FROM json_each(?1))")
      .bind(JSON.stringify(messages.map(({ id }) => id)))
      .run(),
  );
  return meta.changes;
}

/** What decides over the objects of a task: the runs that it keeps, or that its batch will still make it. */
export interface Keeper {
  id: string;
  /** Fences of the run at hand and of those before each redrive; null for a line not yet expanded. */
  fences: number[] | null;
}

/** The tasks of these ids that are there, or are still to come; the others are gone. */
export async function keepersOf(db: D1Database, ids: readonly string[]): Promise<Keeper[]> {
  const { results } = await retrying("keepers", () =>
    db
      .prepare(
        `SELECT id, json_insert(COALESCE((SELECT json_group_array(json_extract(value, '$.fence'))
             FROM json_each(tasks.history)), '[]'), '$[#]', fence) AS fences
           FROM tasks WHERE id IN (SELECT value FROM json_each(?1))
         UNION ALL
         SELECT wanted.value, NULL FROM json_each(?1) AS wanted JOIN batches
           ON batches.id = 'batch_' || substr(wanted.value, 6, instr(wanted.value, '-') - 6)
         WHERE instr(wanted.value, '-') > 0 AND batches.expanded < batches.total`,
      )
      .bind(JSON.stringify(ids))
      .all<{ id: string; fences: string | null }>(),
  );
  return results.map(({ id, fences }) => ({
    id,
    fences: fences === null ? null : (JSON.parse(fences) as number[]),
  }));
}

/** Which of these batches have a row. */
export async function batchesAmong(db: D1Database, ids: readonly string[]): Promise<string[]> {
  const { results } = await retrying("batches among", () =>
    db
      .prepare("SELECT id FROM batches WHERE id IN (SELECT value FROM json_each(?1))")
      .bind(JSON.stringify(ids))
      .all<{ id: string }>(),
  );
  return results.map(({ id }) => id);
}
