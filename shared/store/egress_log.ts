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
