/** The summary of the egress log by host. */
import { storeLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { conditionSql, type EgressFilter, filterValues, rangeSql } from "./egress_filter.ts";

/** Requests to one host. `outcomes` is JSON: a list of `{action, reason, requests}`. */
export interface EgressHost {
  host: string;
  requests: number;
  denied: number;
  bytes_in: number;
  bytes_out: number;
  last_at: number;
  outcomes: string;
}

/** The newest decisions of the range: only these are counted. */
const newestSql = `SELECT * FROM egress_log WHERE ${rangeSql}
  ORDER BY task_id DESC, seq DESC, n DESC, fence DESC LIMIT ?7`;

const hostsSql = `
  SELECT host, SUM(count) AS requests, SUM(count * (action = 'deny')) AS denied,
    SUM(bytes_in) AS bytes_in, SUM(bytes_out) AS bytes_out, MAX(last_at) AS last_at,
    json_group_array(json_object('action', action, 'reason', reason, 'requests', count)) AS outcomes
  FROM (SELECT host, action, reason, COUNT(*) AS count, SUM(bytes_in) AS bytes_in,
      SUM(bytes_out) AS bytes_out, MAX(at) AS last_at
    FROM (${newestSql}) AS egress_log WHERE ${conditionSql} GROUP BY host, action, reason
    ORDER BY host, count DESC)
  GROUP BY host ORDER BY requests DESC, host LIMIT ?8`;

const scannedSql = `SELECT COUNT(*) AS rows FROM (
  SELECT 1 FROM egress_log WHERE ${rangeSql} LIMIT ?4 + 1)`;

export interface EgressHosts {
  /** One more than `limit` when there are more. */
  hosts: EgressHost[];
  /** How many of the newest decisions of the range were read. */
  scanned: number;
  /** Whether there are older decisions, which are not counted. */
  more: boolean;
}

/**
 * The hosts with the most requests, among a bounded number of the tenant's newest decisions; `more` tells
 * whether older ones are left out. Without a batch, the rows of other tenants are read too, because there is
 * no index by tenant: it would cost one more written row per decision.
 */
export async function listEgressHosts(
  db: D1Database,
  tenant: string,
  filter: EgressFilter,
  limit: number,
  scanRows: number = storeLimits.egressScanRows,
): Promise<EgressHosts> {
  const values = filterValues(tenant, filter);
  const hostsMax = Math.min(limit, storeLimits.pageRowsMax) + 1;
  const [hosts, scanned] = await sql.batch<[EgressHost, { rows: number }]>(
    db,
    "list egress hosts",
    [
      sql.statement(db, hostsSql, [...values, scanRows, hostsMax]),
      sql.statement(db, scannedSql, [...values.slice(0, 3), scanRows]),
    ],
  );
  const rows = scanned.results[0]?.rows ?? 0;
  return { hosts: hosts.results, scanned: Math.min(rows, scanRows), more: rows > scanRows };
}
