import { storeLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";

/** One decision of the gateway, as it is stored. Bytes are of bodies; `credential` is a name, never a value. */
export interface EgressRow {
  /** Counts the decisions within one step, from 1. */
  n: number;
  at: number;
  method: string;
  /** Query values that look like credentials are masked. */
  url: string;
  host: string;
  action: "allow" | "inject" | "deny";
  policy: string;
  rule: number | null;
  reason: string;
  credential: string | null;
  /** The upstream's status, or null when nothing was sent or nothing came back. */
  status: number | null;
  bytes_in: number;
  bytes_out: number;
  duration_ms: number;
}

export interface StoredEgressRow extends EgressRow {
  task_id: string;
  seq: number;
}

/** The rows as JSON lists, each small enough for one bound value. */
export function egressParts(rows: readonly EgressRow[]): string[] {
  const parts: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const text = JSON.stringify(row);
    const size = new TextEncoder().encode(text).byteLength + 1;
    if (bytes + size > storeLimits.egressRowsBytesMax) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(text);
    bytes += size;
  }
  return parts.map((part) => `[${part.join(",")}]`);
}

/** The permitted requests with effects of one step, in order, under the fences from `fenceMin` on. */
export async function sentDuring(
  db: D1Database,
  { tenant, id }: { tenant: string; id: string },
  step: { seq: number; fenceMin: number },
): Promise<Pick<StoredEgressRow, "at" | "method" | "url" | "status">[]> {
  const { results } = await retrying("sent during", () =>
    db
      .prepare(
        `SELECT at, method, url, status FROM egress_log
         WHERE task_id = ?1 AND tenant = ?2 AND seq = ?3 AND fence >= ?4
           AND action <> 'deny' AND method NOT IN ('GET', 'HEAD') ORDER BY fence, n`,
      )
      .bind(id, tenant, step.seq, step.fenceMin)
      .all<Pick<StoredEgressRow, "at" | "method" | "url" | "status">>(),
  );
  return results;
}

const columns = `task_id, seq, n, at, method, url, host, action, policy, rule, reason, credential,
  status, bytes_in, bytes_out, duration_ms`;

/** The decisions of one task, in order. */
export async function readEgress(
  db: D1Database,
  tenant: string,
  taskId: string,
): Promise<StoredEgressRow[]> {
  const { results } = await retrying("read egress", () =>
    db
      .prepare(
        `SELECT ${columns} FROM egress_log WHERE task_id = ?1 AND tenant = ?2 ORDER BY seq, fence, n`,
      )
      .bind(taskId, tenant)
      .all<StoredEgressRow>(),
  );
  return results;
}

/** Which decisions are meant; null takes all. Every listing goes from the newest task to the oldest. */
export interface EgressFilter {
  /** A key range of task ids, `from <= id < to`: a batch's tasks are one, and so is a single task. */
  range: { from: string; to: string } | null;
  /** With its port where that is not the scheme's own; without one, every port is meant. */
  host: string | null;
  action: EgressRow["action"] | null;
  policy: string | null;
}

/** Bound as ?1 to ?3. The range is a part of the primary key, so a batch is read without the rest. */
const amongSql = "egress_log.tenant = ?1 AND task_id >= ?2 AND task_id < ?3";
/** Bound as ?4 to ?6. */
const narrowSql = `(?4 IS NULL OR host = ?4 OR substr(host, 1, length(?4) + 1) = ?4 || ':')
  AND (?5 IS NULL OR action = ?5) AND (?6 IS NULL OR egress_log.policy = ?6)`;
const wantedSql = `${amongSql} AND ${narrowSql}`;

const wanted = (tenant: string, { range, host, action, policy }: EgressFilter) =>
  [tenant, range?.from ?? "task_", range?.to ?? "task`", host, action, policy] as const;

/** Where a decision stands in the log: its primary key. */
export type EgressKey = Pick<StoredEgressRow, "task_id" | "seq" | "n"> & { fence: number };

export type ListedEgressRow = StoredEgressRow & EgressKey & { custom_id: string | null };

/** One page below `cursor`, a row more than `limit`, so that the caller knows whether another follows. */
export async function listEgress(
  db: D1Database,
  tenant: string,
  filter: EgressFilter,
  cursor: EgressKey | null,
  limit: number,
): Promise<ListedEgressRow[]> {
  const after = cursor ?? { task_id: "task`", seq: 0, n: 0, fence: 0 };
  const { results } = await retrying("list egress", () =>
    db
      .prepare(
        `SELECT ${listedColumns} FROM egress_log LEFT JOIN tasks ON tasks.id = task_id
         WHERE ${wantedSql} AND (task_id, seq, n, egress_log.fence) < (?7, ?8, ?9, ?10)
         ORDER BY task_id DESC, seq DESC, n DESC, egress_log.fence DESC LIMIT ?11`,
      )
      .bind(
        ...wanted(tenant, filter),
        after.task_id,
        after.seq,
        after.n,
        after.fence,
        Math.min(limit, storeLimits.pageRowsMax) + 1,
      )
      .all<ListedEgressRow>(),
  );
  return results;
}

const listedColumns = `task_id, seq, n, egress_log.fence, at, method, url, host, action,
  egress_log.policy, rule, egress_log.reason, credential, egress_log.status, bytes_in, bytes_out,
  duration_ms, tasks.custom_id`;

/** What one task did of what the filter means. */
export interface EgressTask {
  task_id: string;
  custom_id: string | null;
  batch_id: string | null;
  requests: number;
  denied: number;
  bytes_in: number;
  bytes_out: number;
  first_at: number;
  last_at: number;
}

/** The tasks below the id `cursor`, one more than `limit`. Grouped along the key, so that a page ends the reading. */
export async function listEgressTasks(
  db: D1Database,
  tenant: string,
  filter: EgressFilter,
  cursor: string | null,
  limit: number,
): Promise<EgressTask[]> {
  const { results } = await retrying("list egress tasks", () =>
    db
      .prepare(
        `SELECT task_id, tasks.custom_id, tasks.batch_id, COUNT(*) AS requests,
           SUM(action = 'deny') AS denied, SUM(bytes_in) AS bytes_in, SUM(bytes_out) AS bytes_out,
           MIN(at) AS first_at, MAX(at) AS last_at
         FROM egress_log LEFT JOIN tasks ON tasks.id = task_id
         WHERE ${wantedSql} AND task_id < ?7
         GROUP BY task_id ORDER BY task_id DESC LIMIT ?8`,
      )
      .bind(
        ...wanted(tenant, filter),
        cursor ?? "task`",
        Math.min(limit, storeLimits.pageRowsMax) + 1,
      )
      .all<EgressTask>(),
  );
  return results;
}

/** What was asked of one host. `outcomes` is JSON: a list of `{action, reason, requests}`. */
export interface EgressHost {
  host: string;
  requests: number;
  denied: number;
  bytes_in: number;
  bytes_out: number;
  last_at: number;
  outcomes: string;
}

/** The newest decisions of the range, whatever they are of: those that are counted. */
const newestSql = `SELECT * FROM egress_log WHERE ${amongSql}
  ORDER BY task_id DESC, seq DESC, n DESC, fence DESC LIMIT ?7`;

const hostsSql = `
  SELECT host, SUM(count) AS requests, SUM(count * (action = 'deny')) AS denied,
    SUM(bytes_in) AS bytes_in, SUM(bytes_out) AS bytes_out, MAX(last_at) AS last_at,
    json_group_array(json_object('action', action, 'reason', reason, 'requests', count)) AS outcomes
  FROM (SELECT host, action, reason, COUNT(*) AS count, SUM(bytes_in) AS bytes_in,
      SUM(bytes_out) AS bytes_out, MAX(at) AS last_at
    FROM (${newestSql}) AS egress_log WHERE ${narrowSql} GROUP BY host, action, reason
    ORDER BY host, count DESC)
  GROUP BY host ORDER BY requests DESC, host LIMIT ?8`;

const lookedSql = `SELECT COUNT(*) AS rows FROM (
  SELECT 1 FROM egress_log WHERE ${amongSql} LIMIT ?4 + 1)`;

export interface EgressHosts {
  /** One more than `limit` where there are more. */
  hosts: EgressHost[];
  /** How many decisions were looked at, the newest ones of the range. */
  lookedAt: number;
  /** Whether there are older ones, which nothing here counts. */
  more: boolean;
}

/**
 * The hosts that were asked for most, among a bounded number of the tenant's newest decisions: what is older
 * is not counted, and the answer says so. Without a batch, a tenant with few decisions in a large log has the
 * others' rows read too, because there is no index by tenant: it would cost a written row for each decision.
 */
export async function listEgressHosts(
  db: D1Database,
  tenant: string,
  filter: EgressFilter,
  limit: number,
  lookRows: number = storeLimits.egressLookRows,
): Promise<EgressHosts> {
  const bound = wanted(tenant, filter);
  const most = Math.min(limit, storeLimits.pageRowsMax) + 1;
  const [listed, looked] = await retrying("list egress hosts", () =>
    db.batch([
      db.prepare(hostsSql).bind(...bound, lookRows, most),
      db.prepare(lookedSql).bind(...bound.slice(0, 3), lookRows),
    ]),
  );
  const [{ rows } = { rows: 0 }] = (looked?.results ?? []) as { rows: number }[];
  return {
    hosts: (listed?.results ?? []) as EgressHost[],
    lookedAt: Math.min(rows, lookRows),
    more: rows > lookRows,
  };
}
