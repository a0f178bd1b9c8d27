/** Reads the query of a listing of decisions; what is not understood is refused by name. */
import { batchTaskRange, isBatchId, isTaskId } from "../shared/ids.ts";
import { storeLimits } from "../shared/limits.ts";
import type { EgressFilter } from "../shared/store/egress_log.ts";
import { shown } from "./explain.ts";
import { type Detail, done, type Outcome, type Problem, stopped } from "./problem.ts";

export interface EgressQuery {
  filter: EgressFilter;
  /** As it was sent: each listing has cursors of its own. */
  cursor: string | null;
  limit: number;
}

const actions = ["allow", "inject", "deny"] as const;

/** `?batch_id=&task_id=&host=&action=&policy=&cursor=&limit=` */
export function readEgressQuery(query: URLSearchParams): Outcome<EgressQuery> {
  const details: Detail[] = [];
  const read: EgressQuery = {
    filter: { range: null, host: null, action: null, policy: null },
    cursor: null,
    limit: storeLimits.pageRowsDefault,
  };
  for (const [name, value] of query) {
    const message = readPart(read, name, value);
    if (message !== null) details.push({ path: name, message });
  }
  if (query.has("batch_id") && query.has("task_id")) {
    details.push({ path: "task_id", message: "stands beside batch_id: write one of them" });
  }
  if (details.length === 0) return done(read);
  return stopped({ kind: "refused", message: "the query is not understood", details });
}

/** Takes one parameter, or says what to write instead. */
function readPart(read: EgressQuery, name: string, value: string): string | null {
  const { filter } = read;
  switch (name) {
    case "batch_id":
      if (!isBatchId(value)) return `write a batch's id instead of ${shown(value)}`;
      filter.range = batchTaskRange(value);
      return null;
    case "task_id":
      if (!isTaskId(value)) return `write a task's id instead of ${shown(value)}`;
      // The next key in order: no other id begins so and ends there.
      filter.range = { from: value, to: `${value}!` };
      return null;
    case "host":
      filter.host = canonicalHost(value);
      return filter.host === null ? `write a host such as api.example.com: ${shown(value)}` : null;
    case "action":
      filter.action = actions.find((action) => action === value) ?? null;
      return filter.action === null ? `write one of ${actions.join(", ")}` : null;
    case "policy":
      filter.policy = value;
      return null;
    case "cursor":
      read.cursor = value;
      return null;
    case "limit": {
      const limit = Number(value);
      const fits = Number.isInteger(limit) && limit >= 1 && limit <= storeLimits.pageRowsMax;
      if (fits) read.limit = limit;
      return fits ? null : `write a whole number from 1 to ${storeLimits.pageRowsMax}`;
    }
    default:
      return "unknown: the query takes batch_id, task_id, host, action, policy, cursor and limit";
  }
}

/** As the log spells hosts: lower case, punycode, no default port. */
function canonicalHost(text: string): string | null {
  if (/[/?#\\@\s]/.test(text)) return null;
  return URL.parse(`https://${text}/`)?.host ?? null;
}

export const notACursor: Problem = {
  kind: "refused",
  message: "the query is not understood",
  details: [{ path: "cursor", message: "write a next_cursor as it was answered" }],
};
