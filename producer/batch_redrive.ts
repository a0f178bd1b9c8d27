/** Sends a batch's settled tasks through again: the same as a task's redrive, a page at a time. */
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { batchTaskRange, isTaskId } from "../shared/ids.ts";
import { batchLimits, taskLimits } from "../shared/limits.ts";
import { reasons, redrivable } from "../shared/states.ts";
import { type BatchRow, reopenBatch } from "../shared/store/batches.ts";
import { listRedrivable } from "../shared/store/redrives.ts";
import type { Principal } from "./auth.ts";
import { refusedTask } from "./check.ts";
import { scopeHere } from "./check_scope.ts";
import type { ProducerEnv } from "./env.ts";
import { explain } from "./explain.ts";
import { type Detail, done, type Outcome, refusedAt, stopped } from "./problem.ts";
import { type Again, again, fromStartOnly, Overrides, restartAll } from "./redrive.ts";

const BatchRedrive = Type.Object(
  {
    mode: Type.Union([Type.Literal("restart"), Type.Literal("resume")]),
    status: Type.Optional(
      Type.Array(Type.Union(redrivable.map((status) => Type.Literal(status))), { minItems: 1 }),
    ),
    reason: Type.Optional(Type.Union(reasons.map((reason) => Type.Literal(reason)))),
    overrides: Type.Optional(Overrides),
    cursor: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** What one call did. `next_cursor` continues where it stopped; null when all were looked at. */
export interface BatchRedriven {
  redriven: number;
  /** Tasks that stay as they are, because they with the overrides are not to be accepted. */
  refused: number;
  details: Detail[];
  next_cursor: string | null;
}

/** Bounded in tasks and time. Refused as a whole when every task that it met was refused. */
export async function redriveBatch(
  env: ProducerEnv,
  principal: Principal,
  batch: BatchRow,
  body: unknown,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<Outcome<BatchRedriven>> {
  if (!Value.Check(BatchRedrive, body)) return stopped(refusedTask(explain(BatchRedrive, body)));
  if (body.mode === "resume") return stopped(fromStartOnly);
  if (body.cursor !== undefined && !isTaskId(body.cursor)) {
    return stopped(refusedAt("cursor", "write a next_cursor as it was answered"));
  }
  const chosen = { statuses: body.status ?? redrivable, reason: body.reason ?? null };
  const scope = await scopeHere(env, principal);
  const range = batchTaskRange(batch.id);
  const told: BatchRedriven = { redriven: 0, refused: 0, details: [], next_cursor: null };
  let after = body.cursor ?? range.from;
  for (let met = 0; ; ) {
    const page = batchLimits.redriveTasksPerPage;
    const rows = await listRedrivable(env.DB, batch.tenant, range, after, chosen, page);
    const agains: Again[] = [];
    for (const row of rows) {
      const next = await again(env, scope, row, body.overrides);
      if (next.ok) agains.push(next.value);
      else {
        told.refused += 1;
        told.details.push({ path: row.id, message: next.problem.message });
      }
    }
    told.redriven += await restartAll(env, batch.tenant, agains);
    after = rows.at(-1)?.id ?? after;
    met += rows.length;
    if (rows.length < page) break;
    if (met >= batchLimits.redriveTasksPerCallMax || Date.now() >= deadline) {
      told.next_cursor = after;
      break;
    }
  }
  told.details = told.details.slice(0, taskLimits.problemsReportedMax);
  if (told.redriven > 0) await reopenBatch(env.DB, batch.tenant, batch.id);
  if (told.redriven > 0 || told.refused === 0) return done(told);
  const message = `all ${told.refused} tasks are refused, so none is redriven: mend what details names`;
  return stopped({ kind: "refused", message, details: told.details });
}
