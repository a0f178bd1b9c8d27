import { type Command, Option } from "commander";
import { redrivable } from "../../../shared/states.ts";
import type { RedriveOrder } from "../client.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { jsonFile, parsedJson } from "../input.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";
import { watchBatch, watchTask } from "../watching.ts";

interface Options {
  mode: "resume" | "restart";
  status?: string;
  reason?: string;
  overrides?: string;
  watch?: boolean;
}

export function addRedrive(program: Command, bind: Bind): void {
  program
    .command("redrive <id>")
    .description("send a settled task, or the settled tasks of a batch, through again")
    .addOption(
      new Option("--mode <mode>", "go on from the journal, or begin again")
        .choices(["resume", "restart"])
        .makeOptionMandatory(),
    )
    .option("--status <list>", `batches: only these, by comma, of ${redrivable.join(", ")}`)
    .option("--reason <reason>", "batches: only tasks that ended for this reason")
    .option("--overrides <json|@file>", 'fields of the task to change, such as \'{"model":"…"}\'')
    .option("--watch", "follow it until it is settled")
    .action(
      bind(async (session, id: string, options: Options) => {
        const kind = kindOf(id);
        const order = await orderOf(session, kind, options);
        const answer = required(await session.client().redrive(kind, id, order));
        if (options.watch === true) {
          return kind === "batch" ? await watchBatch(session, id) : await watchTask(session, id);
        }
        if (session.json) session.emit(answer);
        else session.say(`${id} is queued again; follow it with fleet watch ${id}`);
        return exit.done;
      }),
    );
}

async function orderOf(
  session: Session,
  kind: "task" | "batch",
  options: Options,
): Promise<RedriveOrder> {
  const order: RedriveOrder = { mode: options.mode };
  if (kind === "task" && (options.status !== undefined || options.reason !== undefined)) {
    throw wrongUsage("--status and --reason choose among the tasks of a batch; this is a task");
  }
  if (options.status !== undefined) {
    order.status = options.status.split(",").map((status) => status.trim());
    const wrong = order.status.find((status) => !redrivable.some((known) => known === status));
    if (wrong !== undefined) {
      throw wrongUsage(`--status ${wrong}: only ${redrivable.join(", ")} can be redriven`);
    }
  }
  if (options.reason !== undefined) order.reason = options.reason;
  if (options.overrides !== undefined) {
    order.overrides = await overridesOf(options.overrides, session);
  }
  return order;
}

async function overridesOf(given: string, session: Session): Promise<Record<string, unknown>> {
  const value = given.startsWith("@")
    ? await jsonFile(given.slice(1), session.surroundings)
    : parsedJson(given, "--overrides");
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw wrongUsage("--overrides must be a JSON object of task fields");
  }
  return { ...value };
}
