import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { ScheduleAnswer } from "../../api/schedules/responses.ts";
import { asSent } from "../connection.ts";
import { exit, required, Stop } from "../exit.ts";
import { jsonFile } from "../input.ts";
import { counted } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import type { Session } from "../session.ts";
import { watchBatch } from "../watching.ts";

/** Everywhere a schedule is meant, its name does as well as its id. */
export function addSchedules(program: Command, bind: Bind): void {
  const schedules = program
    .command("schedules")
    .description("batches that a cron expression submits: list, create, change, run");
  schedules
    .command("list", { isDefault: true })
    .description("list the schedules with their next ticks")
    .action(
      bind(async (session) => {
        const all = await everySchedule(session);
        if (session.json) for (const schedule of all) session.emit(schedule);
        else if (all.length === 0) session.say("No schedules.");
        else showTable(session, all);
        return exit.done;
      }),
    );
  schedules
    .command("get <schedule>")
    .description("show one: what it runs, when it ticks next, and what became of its last ticks")
    .action(bind(async (session, name: string) => show(session, await one(session, name))));
  schedules
    .command("create <file>")
    .description("create one from a JSON file, or - for standard input (docs/schedules.md)")
    .action(
      bind(async (session, file: string) => {
        const body = await jsonFile(file, session.surroundings);
        return show(session, required(await session.client()("POST /v1/schedules", asSent(body))));
      }),
    );
  schedules
    .command("update <schedule> <file>")
    .description("change the fields that a JSON file names")
    .action(
      bind(async (session, name: string, file: string) => {
        const body = await jsonFile(file, session.surroundings);
        const { id } = await one(session, name);
        return show(
          session,
          required(await session.client()("PATCH /v1/schedules/:id", { id, ...asSent(body) })),
        );
      }),
    );
  for (const [word, enabled] of [
    ["enable", true],
    ["disable", false],
  ] as const) {
    schedules
      .command(`${word} <schedule>`)
      .description(enabled ? "let it tick again, from now on" : "keep it, and let it not tick")
      .action(
        bind(async (session, name: string) => {
          const { id } = await one(session, name);
          return show(
            session,
            required(await session.client()("PATCH /v1/schedules/:id", { id, body: { enabled } })),
          );
        }),
      );
  }
  schedules
    .command("run <schedule>")
    .description("submit its batch now")
    .option("--watch", "follow the batch until it is finished")
    .action(
      bind(async (session, name: string, options: { watch?: boolean }) => {
        const { id } = await one(session, name);
        const batch = required(
          await session.client()("POST /v1/schedules/:id/run", {
            id,
            idempotencyKey: randomUUID(),
          }),
        );
        if (session.json) session.emit(batch);
        else session.say(`${batch.id}: ${counted(batch.counts.total, "task")} accepted`);
        if (options.watch === true) return watchBatch(session, batch.id);
        if (!session.json) session.say(`follow it with fleet watch ${batch.id}`);
        return exit.done;
      }),
    );
  schedules
    .command("delete <schedule>")
    .description("delete it; its batches stay")
    .action(
      bind(async (session, name: string) => {
        const { id } = await one(session, name);
        const deleted = required(await session.client()("DELETE /v1/schedules/:id", { id }));
        if (session.json) session.emit(deleted);
        else session.say(`${id} is deleted; its batches stay`);
        return exit.done;
      }),
    );
}

async function everySchedule(session: Session): Promise<ScheduleAnswer[]> {
  const all: ScheduleAnswer[] = [];
  let cursor: string | null = null;
  do {
    const query = cursor === null ? {} : { cursor };
    const page: { schedules: ScheduleAnswer[]; next_cursor: string | null } = required(
      await session.client()("GET /v1/schedules", { query }),
    );
    all.push(...page.schedules);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return all;
}

async function one(session: Session, name: string): Promise<ScheduleAnswer> {
  const named = name.startsWith("sched_")
    ? { id: name }
    : (await everySchedule(session)).find((schedule) => schedule.name === name);
  if (named === undefined) {
    throw new Stop(
      exit.failed,
      `there is no schedule "${name}": fleet schedules lists what there is`,
    );
  }
  return required(await session.client()("GET /v1/schedules/:id", { id: named.id }));
}

function showTable(session: Session, all: readonly ScheduleAnswer[]): void {
  const rows = all.map(({ id, name, cron, timezone, enabled, next_ticks }) => [
    id,
    name,
    `${cron} ${timezone}`,
    enabled ? (next_ticks[0] ?? "never") : "disabled",
  ]);
  const head = ["schedule", "name", "cron", "next tick"];
  session.surroundings.write(`${table(head, rows, session.surroundings)}\n`);
}

function show(session: Session, schedule: ScheduleAnswer) {
  if (session.json) session.emit(schedule);
  else for (const [name, text] of lines(schedule)) session.say(`${name.padEnd(10)} ${text}`);
  return exit.done;
}

function lines(schedule: ScheduleAnswer): [string, string][] {
  const { items, next_ticks: next, open_tick: open, last_ticks: last = [] } = schedule;
  const source =
    "inline" in items
      ? counted(items.inline.length, "inline item")
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
    ...last.map((tick, n): [string, string] => [
      n === 0 ? "last" : "",
      [
        tick.at,
        tick.outcome,
        tick.batch_id,
        tick.missed === 0 ? null : `${tick.missed} missed before it`,
        tick.error?.message,
      ]
        .filter((part) => part !== null && part !== undefined)
        .join("  "),
    ]),
  ];
}
