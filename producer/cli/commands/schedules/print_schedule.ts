import type { ScheduleResponse } from "../../../api/schedules/responses.ts";
import { countText } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import type { Session } from "../../session.ts";

export function printSchedules(session: Session, schedules: readonly ScheduleResponse[]): void {
  if (session.json) for (const schedule of schedules) session.printJson(schedule);
  else if (schedules.length === 0) session.print("No schedules.");
  else {
    const rows = schedules.map(({ id, name, cron, timezone, enabled, next_ticks }) => [
      id,
      name,
      `${cron} ${timezone}`,
      enabled ? (next_ticks[0] ?? "never") : "disabled",
    ]);
    const head = ["schedule", "name", "cron", "next tick"];
    session.context.write(`${table(head, rows, session.context)}\n`);
  }
}

export function printSchedule(session: Session, schedule: ScheduleResponse): void {
  if (session.json) session.printJson(schedule);
  else {
    for (const [name, text] of scheduleFields(schedule)) {
      session.print(`${name.padEnd(10)} ${text}`);
    }
  }
}

function scheduleFields(schedule: ScheduleResponse): [string, string][] {
  const { items, next_ticks: next, open_tick: open, last_ticks: last = [] } = schedule;
  const source =
    "inline" in items
      ? countText(items.inline.length, "inline item")
      : "r2" in items
        ? `upload ${items.r2}`
        : `results of ${items.batch}`;
  return [
    ["schedule", `${schedule.id} (${schedule.name})`],
    ["cron", `${schedule.cron} ${schedule.timezone}${schedule.enabled ? "" : ", disabled"}`],
    ["items", source],
    ["overlap", schedule.overlap],
    ["catch up", schedule.catch_up],
    ...(schedule.key_id === null ? [] : [["key", schedule.key_id] as [string, string]]),
    ...(open?.error ? [["waits", `${open.at}  ${open.error.message}`] as [string, string]] : []),
    ...next.map((tick, n): [string, string] => [n === 0 ? "next" : "", tick]),
    ...last.map((tick, n): [string, string] => [n === 0 ? "last" : "", tickText(tick)]),
  ];
}

function tickText(tick: NonNullable<ScheduleResponse["last_ticks"]>[number]): string {
  const missedText = tick.missed === 0 ? null : `${tick.missed} missed before it`;
  return [tick.at, tick.outcome, tick.batch_id, missedText, tick.error?.message]
    .filter((part) => part !== null && part !== undefined)
    .join("  ");
}
