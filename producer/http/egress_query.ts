/** Reads the query of a listing of decisions; what is not understood is refused by name. */
import { batchTaskRange } from "../../shared/ids.ts";
import { storeLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { EgressFilter } from "../../shared/store/egress_log.ts";
import type { EgressHostQuery, EgressQuery } from "../api/egress/operations.ts";
import { shown } from "../tasks/explain.ts";
import type { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";

export interface EgressRead {
  filter: EgressFilter;
  /** As it was sent: each listing has cursors of its own. */
  cursor: string | null;
  limit: number;
}

/** `?batch_id=&task_id=&host=&action=&policy=&cursor=&limit=`; `schema` may leave some of them out. */
export function readEgressQuery(
  schema: typeof EgressQuery | typeof EgressHostQuery,
  params: URLSearchParams,
): Result<EgressRead, Problem> {
  const query = readQuery<typeof EgressQuery | typeof EgressHostQuery>(schema, params);
  if (!query.ok) return query;
  const { batch_id, task_id, host, action, policy, limit } = query.value;
  if (batch_id !== undefined && task_id !== undefined) {
    return notUnderstood("task_id", "stands beside batch_id: write one of them");
  }
  const canonical = host === undefined ? null : canonicalHost(host);
  if (host !== undefined && canonical === null) {
    return notUnderstood("host", `write a host such as api.example.com: ${shown(host)}`);
  }
  return ok({
    filter: {
      range: rangeOf(batch_id, task_id),
      host: canonical,
      action: action ?? null,
      policy: policy ?? null,
    },
    cursor: ("cursor" in query.value ? query.value.cursor : null) ?? null,
    limit: limit ?? storeLimits.pageRowsDefault,
  });
}

function rangeOf(batch: string | undefined, task: string | undefined): EgressFilter["range"] {
  if (batch !== undefined) return batchTaskRange(batch);
  // The next key in order: no other id begins so and ends there.
  return task === undefined ? null : { from: task, to: `${task}!` };
}

const notUnderstood = (path: string, message: string): Result<never, Problem> =>
  err({ ...notACursor, details: [{ path, message }] });

/** As the log spells hosts: lower case, punycode, no default port. */
function canonicalHost(text: string): string | null {
  if (/[/?#\\@\s]/.test(text)) return null;
  return URL.parse(`https://${text}/`)?.host ?? null;
}

export const notACursor = {
  kind: "refused",
  message: "the query is not understood",
  details: [{ path: "cursor", message: "write a next_cursor as it was answered" }],
} satisfies Problem;
