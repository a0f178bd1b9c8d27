/** Submitting the batch of one tick. */
import { ok, type Result } from "../../shared/result.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import type { ScheduleRow } from "../../shared/store/schedules/schedules.ts";
import type { Items } from "../../shared/task/schedule.ts";
import type { Principal } from "../auth/principal.ts";
import { acceptBatch } from "../batches/accept.ts";
import { fillEntries, openItems } from "../batches/items.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { buildCheckScope } from "../tasks/check/check_scope.ts";

/** Accepts the tick's batch for a principal, or finds the one that the tick already has. `key` is an idempotency key. */
export async function submitTick(
  env: ProducerEnv,
  schedule: ScheduleRow,
  principal: Principal,
  { tickAt, key }: { tickAt: number; key: string | null },
): Promise<Result<BatchRow, Problem>> {
  const { tenant } = schedule;
  const items = JSON.parse(schedule.items) as Items;
  const template = JSON.parse(schedule.template) as object;
  const head = { defaults: {}, labels: {}, limits: {} };
  const source = {
    tenant,
    keyId: principal.key?.id ?? null,
    scopes: principal.scopes,
    idempotencyKey: key,
    tick: { schedule_id: schedule.id, tick_at: tickAt },
  };
  const scope = buildCheckScope(env, principal);
  if ("batch" in items) {
    const chainedSource = {
      ...source,
      head: { ...head, after: items, template },
      entries: noEntries(),
    };
    return rowOf(await acceptBatch(env, chainedSource, scope));
  }
  const openedItems = await openItems(env, tenant, items);
  if (!openedItems.ok) return openedItems;
  const entries = fillEntries(openedItems.value, template, {
    time: new Date(tickAt).toISOString(),
  });
  return rowOf(await acceptBatch(env, { ...source, head, entries }, scope));
}

const rowOf = (acceptance: Awaited<ReturnType<typeof acceptBatch>>): Result<BatchRow, Problem> =>
  acceptance.ok ? ok(acceptance.value.row) : acceptance;

async function* noEntries(): AsyncGenerator<never> {}
