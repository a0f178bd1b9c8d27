/**
 * Which task a free slot takes next: the normal queue before the low one, then in turn between tenants and
 * their flows, then the earliest due. A flow is a batch, a concurrency key or the single tasks, of one model.
 * The index `tasks_ready` is walked from the head of one flow to the head of the next, so the number of
 * queued tasks does not matter, and a flow that is paused, full or closed costs one step.
 */
import { flowLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { heldBackSql } from "../flow/parking.ts";

/** Which models' tasks a slot may take. */
export interface ModelChoice {
  /** Only this model; null for any. */
  only: string | null;
  /** Models of Workers AI that take no call now, with the start of their outage (ms since 1970 UTC). */
  closed: Readonly<Record<string, number>>;
  /** Other models of Workers AI: null if each needs an admission, 0 if all take calls, else the start of the outage. */
  hosted: number | null;
  /** The same for the models of MODEL_BASE_URL. */
  own: number | null;
}

/** Where the last choice was made: the next one continues in turn. */
export interface TurnCursor {
  tenant: string;
  /** The last flow of each tenant. */
  flows: Readonly<Record<string, string>>;
}

type Queue = "normal" | "low";

const readySql = (queue: Queue) =>
  `tasks INDEXED BY tasks_ready WHERE status = 'queued' AND parked IS NULL AND priority = '${queue}'`;
const inFlowOrder = "ORDER BY flow, not_before, id LIMIT 1";
const inTenantOrder = "ORDER BY tenant, flow, not_before, id LIMIT 1";

/** The heads of up to `flowsPerChoiceMax` flows, in turn, as common table expressions. */
const headsSql = (queue: Queue) => `
  seed_${queue}(tenant) AS (SELECT COALESCE(
    (SELECT tenant FROM ${readySql(queue)} AND tenant > ?5 ORDER BY tenant LIMIT 1),
    (SELECT tenant FROM ${readySql(queue)} ORDER BY tenant LIMIT 1))),
  heads_${queue}(id, tenant, flow, first, n) AS (
    SELECT id, tenant, flow, id, 1 FROM tasks WHERE id = COALESCE(
      (SELECT id FROM ${readySql(queue)} AND tenant = (SELECT tenant FROM seed_${queue}) AND flow >
        COALESCE((SELECT value FROM json_each(?6) WHERE key = (SELECT tenant FROM seed_${queue})), '')
        ${inFlowOrder}),
      (SELECT id FROM ${readySql(queue)} AND tenant = (SELECT tenant FROM seed_${queue}) ${inFlowOrder}))
    UNION ALL
    SELECT t.id, t.tenant, t.flow, first, n + 1 FROM heads_${queue} AS h CROSS JOIN tasks AS t
    ON t.id = COALESCE(
      (SELECT id FROM ${readySql(queue)} AND tenant = h.tenant AND flow > h.flow ${inFlowOrder}),
      (SELECT id FROM ${readySql(queue)} AND tenant > h.tenant ${inTenantOrder}),
      (SELECT id FROM ${readySql(queue)} ${inTenantOrder}))
    WHERE n < ${flowLimits.flowsPerChoiceMax} AND t.id <> first)`;

/** When the outage of a task's endpoint started: 0 without one, null where the model needs an admission. */
const closedSinceSql = `CASE WHEN model = 'rehearsal' THEN 0
  WHEN model GLOB '@cf/*' THEN COALESCE((SELECT value FROM json_each(?8) WHERE key = tasks.model), ?10)
  ELSE ?11 END`;

/**
 * Whether a slot may take a task. The task of a closed endpoint is taken again once the outage has lasted
 * longer than `MODEL_PATIENCE` (?9, in ms), because then it must end.
 */
const allowedSql = `COALESCE(not_before, 0) <= ${nowSql}
  AND (?7 IS NULL OR model = ?7)
  AND CASE ${closedSinceSql} WHEN 0 THEN 1
    ELSE MAX(${closedSinceSql}, tasks.created_at) + ?9 <= ${nowSql} END
  AND NOT ${heldBackSql}`;

const pickSql = (queue: Queue) =>
  `(SELECT tasks.id FROM heads_${queue} CROSS JOIN tasks ON tasks.id = heads_${queue}.id
    WHERE ${allowedSql} LIMIT 1)`;

/** The id of the next task, or null; parameters ?5 to ?11. `WITH RECURSIVE` is part of it. */
export const nextIdSql = `WITH RECURSIVE ${headsSql("normal")}, ${headsSql("low")}
  SELECT COALESCE(${pickSql("normal")}, ${pickSql("low")})`;

/** The values of ?5 to ?11. */
export const nextIdValues = (
  cursor: TurnCursor,
  { only, closed, hosted, own }: ModelChoice,
  patienceMs: number,
): unknown[] => [
  cursor.tenant,
  JSON.stringify(cursor.flows),
  only,
  JSON.stringify(closed),
  patienceMs,
  hosted,
  own,
];
