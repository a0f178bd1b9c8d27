/** Reads the query of the egress lists. */
import { batchTaskRange } from "../../../shared/identity/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { EgressFilter } from "../../../shared/store/egress/egress_filter.ts";
import type { Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { quoteValue } from "../../tasks/check/explain.ts";
import type { EgressHostQuery, EgressQuery } from "./operations.ts";

export interface EgressListQuery {
  filter: EgressFilter;
  /** Not parsed: each list has its own format. */
  cursor: string | null;
  limit: number;
}

/** `?batch_id=&task_id=&host=&action=&policy=&cursor=&limit=`; `schema` may omit some fields. */
export function readEgressQuery(
  schema: typeof EgressQuery | typeof EgressHostQuery,
  params: URLSearchParams,
): Result<EgressListQuery, Problem> {
  const query = readQuery<typeof EgressQuery | typeof EgressHostQuery>(schema, params);
  if (!query.ok) return query;
  const { batch_id, task_id, host, action, policy, limit } = query.value;
  if (batch_id !== undefined && task_id !== undefined) {
    return invalidQuery("task_id", "cannot be combined with batch_id: use only one of them");
  }
  const canonical = host === undefined ? null : canonicalHost(host);
  if (host !== undefined && canonical === null) {
    return invalidQuery(
      "host",
      `invalid host ${quoteValue(host)}: use a host such as api.example.com`,
    );
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
  // "!" sorts before every character of an id, so the range holds only this id.
  return task === undefined ? null : { from: task, to: `${task}!` };
}

const invalidQuery = (path: string, message: string): Result<never, Problem> =>
  err({ ...invalidCursor, details: [{ path, message }] });

/** As the log stores hosts: lower case, punycode, no default port. Null if the text is not a host. */
function canonicalHost(text: string): string | null {
  if (/[/?#\\@\s]/.test(text)) return null;
  return URL.parse(`https://${text}/`)?.host ?? null;
}

export const invalidCursor = {
  kind: "refused",
  message: "invalid query",
  details: [{ path: "cursor", message: "invalid cursor: use `next_cursor` of the previous page" }],
} satisfies Problem;
