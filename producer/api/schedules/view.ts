/** A schedule as the API shows it, built from its row. */
import { scheduleLimits } from "../../../shared/limits.ts";
import type { ScheduleRow } from "../../../shared/store/schedules/schedules.ts";
import { listTicks, type TickRow } from "../../../shared/store/schedules/ticks.ts";
import type { Schedule } from "../../../shared/task/schedule.ts";
import type { ProducerEnv } from "../../env.ts";
import { nextTicks } from "../../schedules/cron.ts";
import { isoTime } from "../../tasks/task_view.ts";
import type { ScheduleResponse, TickError, TickResponse } from "./responses.ts";

export const scheduleOf = (row: ScheduleRow): Schedule => ({
  name: row.name,
  cron: row.cron,
  timezone: row.timezone,
  template: JSON.parse(row.template) as Schedule["template"],
  items: JSON.parse(row.items) as Schedule["items"],
  overlap: row.overlap,
  catch_up: row.catch_up,
  enabled: row.enabled === 1,
});

/** Includes the next ticks, which show what the cron expression means. */
export function scheduleView(row: ScheduleRow): ScheduleResponse {
  const next =
    row.next_at === null
      ? []
      : nextTicks(row.cron, row.timezone, row.next_at - 1, scheduleLimits.nextTicksShown);
  return {
    id: row.id,
    ...scheduleOf(row),
    key_id: row.key_id,
    next_ticks: next.map(isoTime),
    open_tick: row.open_tick === null ? null : openTickView(row.open_tick, row.open_problem),
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

/** A tick that has started and not ended; `error` is why its last try failed. */
const openTickView = (openAt: number, problem: string | null) => ({
  at: isoTime(openAt),
  error: problem === null ? null : (JSON.parse(problem) as TickError),
});

function tickView(tick: TickRow): TickResponse {
  return {
    at: isoTime(tick.tick_at),
    outcome: tick.outcome,
    batch_id: tick.batch_id,
    missed: tick.missed,
    error: tick.problem === null ? null : (JSON.parse(tick.problem) as TickError),
  };
}

export const withLastTicks = async (
  env: ProducerEnv,
  row: ScheduleRow,
): Promise<ScheduleResponse> => ({
  ...scheduleView(row),
  last_ticks: (await listTicks(env.DB, row.id)).map(tickView),
});
