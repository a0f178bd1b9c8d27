/**
 * Every minute: what ticks. A tick is begun in SQL, which moves the schedule's cursor, then its batch is
 * accepted under schedule and tick, then its outcome is written. Two crons at once, and a crash anywhere
 * between, make one batch: the store gives a tick to one worker, and one batch to a tick.
 */
import { batchLimits, scheduleLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { ok, type Result } from "../../shared/result.ts";
import { StoreFault } from "../../shared/retrying.ts";
import type { Items } from "../../shared/schedule.ts";
import { type BatchRow, findBatchByTick, readBatch } from "../../shared/store/batches.ts";
import {
  beginTick,
  deferTick,
  resumeTick,
  type ScheduleRow,
  takeDueSchedule,
} from "../../shared/store/schedules.ts";
import { tallyBatch } from "../../shared/store/tallies.ts";
import { type EndedTick, endTick, openBatchesOf } from "../../shared/store/ticks.ts";
import { hasEnded, keyValidityOf } from "../auth/key_validity.ts";
import type { Principal } from "../auth/principal.ts";
import { withinAllowance } from "../auth/rate_allowance.ts";
import { acceptBatch } from "../batches/batches.ts";
import { startBatch } from "../batches/chain.ts";
import { entriesOf, openItems } from "../batches/items.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { checkScope } from "../tasks/check_scope.ts";
import { dueTick } from "./cron.ts";

/** Bounded in ticks and in time; what remains is due in the next minute. Never throws. */
export async function runDueTicks(
  env: ProducerEnv,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<number> {
  let run = 0;
  try {
    while (run < scheduleLimits.ticksPerMinuteMax && Date.now() < deadline) {
      const seen = await takeDueSchedule(env.DB);
      if (seen === null) break;
      await lookAt(env, seen);
      run++;
    }
  } catch (error) {
    if (!(error instanceof StoreFault)) logBug("tick", error);
    else log("unhealthy", { what: "tick", message: error.message });
  }
  return run;
}

async function lookAt(env: ProducerEnv, seen: ScheduleRow): Promise<void> {
  if (seen.open_tick !== null) {
    const resumed = await resumeTick(env.DB, seen);
    if (resumed !== null) await runTick(env, resumed);
    return;
  }
  if (seen.next_at === null) return;
  const due = dueTick(seen.cron, seen.timezone, seen.next_at, Date.now());
  const begun = await beginTick(env.DB, seen, due);
  if (begun === null) return;
  if (due.late && seen.catch_up === "skip") {
    return end(env, begun, { outcome: "missed", batch_id: null, problem: null });
  }
  await runTick(env, begun);
}

/**
 * The open tick of a schedule that is ours: its batch, or why there is none. It is submitted in the name
 * of the key that wrote the schedule last, as a call by that key would be.
 */
async function runTick(env: ProducerEnv, schedule: ScheduleRow): Promise<void> {
  const tickAt = schedule.open_tick ?? 0;
  if (schedule.open_tries > scheduleLimits.tickTriesMax) {
    const message = `the tick was tried ${scheduleLimits.tickTriesMax} times and no try ended: the log says why; run the schedule by hand once it is mended`;
    return end(env, schedule, { outcome: "failed", batch_id: null, problem: said(message) });
  }
  const held = await findBatchByTick(env.DB, schedule.id, tickAt);
  if (held !== null) return submitted(env, schedule, held);
  const standing = await keyValidityOf(env, schedule);
  if (!standing.ok) {
    const message = `the key ${schedule.key_id}, which wrote this schedule last, ${hasEnded(standing.ended)}: write the schedule again with a key that holds (fleet schedules enable ${schedule.name}, or PATCH it), or delete it`;
    const outcome = `key_${standing.ended}` as const;
    return end(env, schedule, { outcome, batch_id: null, problem: said(message) });
  }
  if (schedule.overlap === "skip" && (await overlaps(env, schedule, tickAt))) {
    return end(env, schedule, { outcome: "overlapped", batch_id: null, problem: null });
  }
  if (schedule.open_problem !== null && schedule.enabled === 0) {
    const message = "the schedule was disabled while this tick waited";
    return end(env, schedule, { outcome: "refused", batch_id: null, problem: said(message) });
  }
  const within = await withinAllowance(env, standing.principal, { adds: true });
  if (!within.ok) return setAside(env, schedule, problemText(within.error));
  const accepted = await submitTick(env, schedule, standing.principal, { tickAt, key: null });
  if (accepted.ok) return submitted(env, schedule, accepted.value);
  const problem = problemText(accepted.error);
  await end(env, schedule, { outcome: "refused", batch_id: null, problem });
}

async function submitted(env: ProducerEnv, schedule: ScheduleRow, batch: BatchRow): Promise<void> {
  await end(env, schedule, { outcome: "submitted", batch_id: batch.id, problem: null });
  await startBatch(env, batch);
}

/** Nobody sends a tick again, as a caller would: it waits for room, but not beyond the tick that follows. */
async function setAside(env: ProducerEnv, schedule: ScheduleRow, problem: string): Promise<void> {
  const now = Date.now();
  const last = (schedule.open_tick ?? 0) + scheduleLimits.deferredMsMax;
  if (now < last && (schedule.next_at === null || now < schedule.next_at)) {
    await deferTick(env.DB, schedule, problem);
    const { id, tenant, open_tick } = schedule;
    return log("tick", { schedule_id: id, tenant, tick_at: open_tick, outcome: "deferred" });
  }
  await end(env, schedule, { outcome: "refused", batch_id: null, problem });
}

async function end(
  env: ProducerEnv,
  schedule: ScheduleRow,
  ended: Omit<EndedTick, "missed">,
): Promise<void> {
  const tickAt = schedule.open_tick ?? 0;
  await endTick(env.DB, schedule, tickAt, { ...ended, missed: schedule.open_missed });
  log("tick", {
    schedule_id: schedule.id,
    tenant: schedule.tenant,
    tick_at: tickAt,
    outcome: ended.outcome,
    batch_id: ended.batch_id,
  });
}

/**
 * Accepts the batch of one tick in the name of a principal, or finds the one that the tick made already.
 * `key` is an idempotency key.
 */
export async function submitTick(
  env: ProducerEnv,
  schedule: ScheduleRow,
  principal: Principal,
  { tickAt, key }: { tickAt: number; key: string | null },
): Promise<Result<BatchRow, Problem>> {
  const items = JSON.parse(schedule.items) as Items;
  const template = JSON.parse(schedule.template) as object;
  const head = { defaults: {}, labels: {}, limits: {} };
  const source = {
    tenant: schedule.tenant,
    keyId: principal.key?.id ?? null,
    scopes: principal.scopes,
    idempotencyKey: key,
    tick: { schedule_id: schedule.id, tick_at: tickAt },
  };
  const scope = checkScope(env, principal);
  if ("batch" in items) {
    const chained = { ...source, head: { ...head, after: items, template }, entries: none() };
    const accepted = await acceptBatch(env, chained, scope);
    return accepted.ok ? ok(accepted.value.row) : accepted;
  }
  const opened = await openItems(env, schedule.tenant, items);
  if (!opened.ok) return opened;
  const tick = { time: new Date(tickAt).toISOString() };
  const entries = entriesOf(opened.value, template, tick);
  const accepted = await acceptBatch(env, { ...source, head, entries }, scope);
  return accepted.ok ? ok(accepted.value.row) : accepted;
}

async function* none(): AsyncGenerator<never> {}

/** Whether a batch of an earlier tick has tasks that have not ended. */
async function overlaps(env: ProducerEnv, schedule: ScheduleRow, tickAt: number): Promise<boolean> {
  for (const id of await openBatchesOf(env.DB, schedule.id, tickAt)) {
    const batch = await readBatch(env.DB, schedule.tenant, id);
    if (batch === null) continue;
    const { counts } = await tallyBatch(env.DB, batch);
    if (counts.queued + counts.running > 0) return true;
  }
  return false;
}

const said = (message: string): string => JSON.stringify({ message, details: [] });

const problemText = (problem: Problem): string =>
  JSON.stringify({
    message: problem.message,
    details: "details" in problem ? (problem.details ?? []) : [],
  });
