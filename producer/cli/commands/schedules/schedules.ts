import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { exit, unwrap } from "../../exit.ts";
import { readJson } from "../../input.ts";
import { countText } from "../../output/format.ts";
import { watchBatch } from "../../watch/watch_batch.ts";
import { findSchedule, listSchedules } from "./find_schedule.ts";
import { printSchedule, printSchedules } from "./print_schedule.ts";

/** Every subcommand accepts the name of a schedule instead of its id. */
export function addSchedules(program: Command, bind: Bind): void {
  const schedules = program
    .command("schedules")
    .description("batches that a cron expression submits: list, create, change, run");
  addReading(schedules, bind);
  addChanging(schedules, bind);
  addRun(schedules, bind);
}

function addReading(schedules: Command, bind: Bind): void {
  schedules
    .command("list", { isDefault: true })
    .description("list the schedules with their next ticks")
    .action(
      bind(async (session) => {
        printSchedules(session, await listSchedules(session));
        return exit.ok;
      }),
    );
  schedules
    .command("get <schedule>")
    .description("show a schedule: what it runs, its next ticks, and the outcome of its last ticks")
    .action(
      bind(async (session, name: string) => {
        printSchedule(session, await findSchedule(session, name));
        return exit.ok;
      }),
    );
}

function addChanging(schedules: Command, bind: Bind): void {
  schedules
    .command("create <file>")
    .description("create a schedule from a JSON file, or - for standard input (docs/schedules.md)")
    .action(
      bind(async (session, file: string) => {
        const body = jsonBody(await readJson(file, session.context));
        printSchedule(session, unwrap(await session.client()("POST /v1/schedules", body)));
        return exit.ok;
      }),
    );
  schedules
    .command("update <schedule> <file>")
    .description("change the fields that are in a JSON file")
    .action(
      bind(async (session, name: string, file: string) => {
        const body = jsonBody(await readJson(file, session.context));
        const { id } = await findSchedule(session, name);
        const update = await session.client()("PATCH /v1/schedules/:id", { id, ...body });
        printSchedule(session, unwrap(update));
        return exit.ok;
      }),
    );
  for (const [action, enabled] of [
    ["enable", true],
    ["disable", false],
  ] as const) {
    schedules
      .command(`${action} <schedule>`)
      .description(
        enabled ? "run its ticks again from now on" : "keep the schedule, but run no ticks",
      )
      .action(
        bind(async (session, name: string) => {
          const { id } = await findSchedule(session, name);
          const update = { id, body: { enabled } };
          printSchedule(session, unwrap(await session.client()("PATCH /v1/schedules/:id", update)));
          return exit.ok;
        }),
      );
  }
  schedules
    .command("delete <schedule>")
    .description("delete a schedule; its batches stay")
    .action(
      bind(async (session, name: string) => {
        const { id } = await findSchedule(session, name);
        const deletion = unwrap(await session.client()("DELETE /v1/schedules/:id", { id }));
        if (session.json) session.printJson(deletion);
        else session.print(`${id} is deleted; its batches stay`);
        return exit.ok;
      }),
    );
}

function addRun(schedules: Command, bind: Bind): void {
  schedules
    .command("run <schedule>")
    .description("submit its batch now")
    .option("--watch", "watch the batch until it is finished")
    .action(
      bind(async (session, name: string, options: { watch?: boolean }) => {
        const { id } = await findSchedule(session, name);
        const idempotencyKey = randomUUID();
        const batch = unwrap(
          await session.client()("POST /v1/schedules/:id/run", { id, idempotencyKey }),
        );
        if (session.json) session.printJson(batch);
        else session.print(`${batch.id}: ${countText(batch.counts.total, "task")} accepted`);
        if (options.watch === true) return watchBatch(session, batch.id);
        if (!session.json) session.print(`Watch it: fleet watch ${batch.id}`);
        return exit.ok;
      }),
    );
}
