/**
 * Runs due ticks, every minute. SQL starts a tick and moves the schedule's cursor; then the tick's batch is
 * accepted, and then its outcome is written. Concurrent crons and crashes between these steps give one
 * batch: the store gives a tick to one worker, and one batch to a tick.
 */
import { batchLimits, scheduleLimits, sweepLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { findBatchByTick, readBatch } from "../../shared/store/batches/batches.ts";
import { tallyBatch } from "../../shared/store/batches/tallies.ts";
import { queriesOf } from "../../shared/store/counted_database.ts";
import {
  deferTick,
  resumeTick,
  type ScheduleRow,
  startTick,
  takeDueSchedule,
} from "../../shared/store/schedules/schedules.ts";
import { endTick, listOpenBatches, type TickEnd } from "../../shared/store/schedules/ticks.ts";
import { deferredPrincipal, keyEndText } from "../auth/key_validity.ts";
import { checkRateLimit } from "../auth/rate_limit.ts";
import { startBatch } from "../batches/start.ts";
import type { ProducerEnv } from "../env.ts";
import { detailsOf, type Problem } from "../http/problem.ts";
import { findDueTick } from "./cron.ts";
import { submitTick } from "./submit_tick.ts";

/** Runs a bounded number of ticks for a bounded time; the others are due in the next minute. Never throws. */
export async function runDueTicks(
  env: ProducerEnv,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<number> {
  let count = 0;
  try {
    const hasTime = (): boolean =>
      Date.now() < deadline && queriesOf(env.DB) < sweepLimits.queriesMax;
    while (count < scheduleLimits.ticksPerMinuteMax && hasTime()) {
      const schedule = await takeDueSchedule(env.DB);
      if (schedule === null) break;
      await processSchedule(env, schedule);
      count++;
    }
  } catch (error) {
    logFailure("tick", error);
  }
  return count;
}

async function processSchedule(env: ProducerEnv, schedule: ScheduleRow): Promise<void> {
  if (schedule.open_tick !== null) {
    const resumedSchedule = await resumeTick(env.DB, schedule);
    if (resumedSchedule !== null) await runTick(env, resumedSchedule);
    return;
  }
  if (schedule.next_at === null) return;
  const due = findDueTick(schedule.cron, schedule.timezone, schedule.next_at, Date.now());
  const startedSchedule = await startTick(env.DB, schedule, due);
  if (startedSchedule === null) return;
  if (due.late && schedule.catch_up === "skip")
    return end(env, startedSchedule, { outcome: "missed" });
  await runTick(env, startedSchedule);
}

/**
 * Runs the open tick of a schedule that this worker has taken. Its batch is submitted for the key that last
 * wrote the schedule, like a call of that key.
 */
async function runTick(env: ProducerEnv, schedule: ScheduleRow): Promise<void> {
  const tickAt = schedule.open_tick ?? 0;
  if (schedule.open_tries > scheduleLimits.tickTriesMax) {
    const message = `the tick was tried ${scheduleLimits.tickTriesMax} times without an outcome: see the producer's log for the cause, then run the schedule by hand`;
    return end(env, schedule, { outcome: "failed", problem: { message } });
  }
  const batch = await findBatchByTick(env.DB, schedule.id, tickAt);
  if (batch !== null) return endSubmitted(env, schedule, batch);
  const principal = await deferredPrincipal(env, schedule);
  if (!principal.ok) {
    const message = `the key ${schedule.key_id}, which last wrote this schedule, ${keyEndText(principal.error)}: write the schedule again with a valid key (fleet schedules enable ${schedule.name}, or PATCH it), or delete it`;
    return end(env, schedule, { outcome: `key_${principal.error}`, problem: { message } });
  }
  if (schedule.overlap === "skip" && (await overlaps(env, schedule, tickAt))) {
    return end(env, schedule, { outcome: "overlapped" });
  }
  if (schedule.open_problem !== null && schedule.enabled === 0) {
    const message = "the schedule was disabled while this tick waited";
    return end(env, schedule, { outcome: "refused", problem: { message } });
  }
  const rateCheck = await checkRateLimit(env, principal.value, { addsWork: true });
  if (!rateCheck.ok) return defer(env, schedule, rateCheck.error);
  const submission = await submitTick(env, schedule, principal.value, { tickAt, key: null });
  if (submission.ok) return endSubmitted(env, schedule, submission.value);
  await end(env, schedule, { outcome: "refused", problem: submission.error });
}

async function endSubmitted(
  env: ProducerEnv,
  schedule: ScheduleRow,
  batch: BatchRow,
): Promise<void> {
  await end(env, schedule, { outcome: "submitted", batch_id: batch.id });
  await startBatch(env, batch);
}

/** No caller would send a tick again, so it waits until its key may submit, but not past the next tick. */
async function defer(env: ProducerEnv, schedule: ScheduleRow, problem: Problem): Promise<void> {
  const now = Date.now();
  const last = (schedule.open_tick ?? 0) + scheduleLimits.deferredMsMax;
  if (now < last && (schedule.next_at === null || now < schedule.next_at)) {
    await deferTick(env.DB, schedule, problemJson(problem));
    return logTick(schedule, "deferred");
  }
  await end(env, schedule, { outcome: "refused", problem });
}

interface Ending {
  outcome: TickEnd["outcome"];
  batch_id?: string;
  problem?: Problem | { message: string };
}

async function end(
  env: ProducerEnv,
  schedule: ScheduleRow,
  { outcome, batch_id, problem }: Ending,
): Promise<void> {
  await endTick(env.DB, schedule, schedule.open_tick ?? 0, {
    outcome,
    batch_id: batch_id ?? null,
    problem: problem === undefined ? null : problemJson(problem),
    missed: schedule.open_missed,
  });
  logTick(schedule, outcome, batch_id);
}

const logTick = ({ id, tenant, open_tick }: ScheduleRow, outcome: string, batch_id?: string) =>
  log("schedule_tick", { schedule_id: id, tenant, tick_at: open_tick, outcome, batch_id });

const problemJson = (problem: Problem | { message: string }): string =>
  JSON.stringify({
    message: problem.message,
    details: "kind" in problem ? detailsOf(problem) : [],
  });

/** Whether the batch of an earlier tick has tasks that have not ended. */
async function overlaps(env: ProducerEnv, schedule: ScheduleRow, tickAt: number): Promise<boolean> {
  for (const id of await listOpenBatches(env.DB, schedule.id, tickAt)) {
    const batch = await readBatch(env.DB, schedule.tenant, id);
    if (batch === null) continue;
    const { counts } = await tallyBatch(env.DB, batch);
    if (counts.queued + counts.running > 0) return true;
  }
  return false;
}
