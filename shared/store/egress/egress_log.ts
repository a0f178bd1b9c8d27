import { storeLimits } from "../../limits.ts";
import { sql } from "../sql.ts";

/** One decision of the gateway. Bytes are those of bodies; `credential` is a name, never a value. */
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
  /** The upstream's status; null when nothing was sent or no response came. */
  status: number | null;
  bytes_in: number;
  bytes_out: number;
  duration_ms: number;
}

export interface StoredEgressRow extends EgressRow {
  task_id: string;
  seq: number;
}

/** Splits the rows into JSON lists, each small enough for one bound value. */
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

/** The allowed requests with effects of one step, in order, from the fence `fenceMin` on. */
export async function listSentRequests(
  db: D1Database,
  { tenant, id }: { tenant: string; id: string },
  step: { seq: number; fenceMin: number },
): Promise<Pick<StoredEgressRow, "at" | "method" | "url" | "status">[]> {
  return sql.all<Pick<StoredEgressRow, "at" | "method" | "url" | "status">>(
    db,
    "list sent requests",
    `SELECT at, method, url, status FROM egress_log
     WHERE task_id = ?1 AND tenant = ?2 AND seq = ?3 AND fence >= ?4
       AND action <> 'deny' AND method NOT IN ('GET', 'HEAD') ORDER BY fence, n`,
    [id, tenant, step.seq, step.fenceMin],
  );
}

const columns = `task_id, seq, n, at, method, url, host, action, policy, rule, reason, credential,
  status, bytes_in, bytes_out, duration_ms`;

/** The decisions of one task, in order. */
export async function readEgress(
  db: D1Database,
  tenant: string,
  taskId: string,
): Promise<StoredEgressRow[]> {
  return sql.all<StoredEgressRow>(
    db,
    "read egress",
    `SELECT ${columns} FROM egress_log WHERE task_id = ?1 AND tenant = ?2 ORDER BY seq, fence, n`,
    [taskId, tenant],
  );
}
