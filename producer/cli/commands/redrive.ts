import type { Command } from "commander";
import { redrivable } from "../../../shared/states.ts";
import type { BatchRedriveOrder } from "../client.ts";
import { type ExitCode, exit, required, Stop, wrongUsage } from "../exit.ts";
import { counted } from "../figures.ts";
import { jsonFile, parsedJson } from "../input.ts";
import { printable } from "../printable.ts";
import type { Bind } from "../program.ts";
import { refusalText } from "../refusal.ts";
import { kindOf, type Session } from "../session.ts";
import { watchBatch, watchTask } from "../watching.ts";
import type { BatchRedriven } from "../wire.ts";

interface Options {
  mode: string;
  status?: string;
  reason?: string;
  overrides?: string;
  watch?: boolean;
}

export function addRedrive(program: Command, bind: Bind): void {
  program
    .command("redrive <id>")
    .description("send a settled task, or the settled tasks of a batch, through again")
    .option("--mode <mode>", "restart: begin again from the task as it was sent", "restart")
    .option("--status <list>", `batches: only these, by comma, of ${redrivable.join(", ")}`)
    .option("--reason <reason>", "batches: only tasks that ended for this reason")
    .option("--overrides <json|@file>", 'fields of the task to change, such as \'{"model":"…"}\'')
    .option("--watch", "follow it until it is settled")
    .action(
      bind(async (session, id: string, options: Options) => {
        const kind = kindOf(id);
        const order = await orderOf(session, kind, options);
        const watched = options.watch === true;
        return kind === "batch"
          ? redriveBatch(session, id, order, watched)
          : redriveTask(session, id, order, watched);
      }),
    );
}

async function redriveTask(
  session: Session,
  id: string,
  order: BatchRedriveOrder,
  watched: boolean,
): Promise<ExitCode> {
  const task = required(await session.client().redriveTask(id, order));
  if (watched) return watchTask(session, id);
  if (session.json) session.emit(task);
  else session.say(`${id} is queued again; follow it with fleet watch ${id}`);
  return exit.done;
}

/** Exit code 1 where a task that was meant stays as it is, or none was meant. */
async function redriveBatch(
  session: Session,
  id: string,
  order: BatchRedriveOrder,
  watched: boolean,
): Promise<ExitCode> {
  const told = await redriveAll(session, id, order);
  const { redriven, refused, details } = told;
  if (redriven === 0 && refused === 0) {
    throw new Stop(
      exit.failed,
      `no task of ${id} is ${(order.status ?? redrivable).join(" or ")}${order.reason === undefined ? "" : ` for ${order.reason}`}: nothing is redriven`,
    );
  }
  if (session.json) session.emit({ id, redriven, refused, details });
  else {
    const are = redriven === 1 ? "is" : "are";
    session.say(`${counted(redriven, "task")} of ${id} ${are} queued again`);
  }
  if (refused > 0 && !session.json) {
    const head = `${counted(refused, "task")} of ${id} cannot be redriven so:`;
    session.surroundings.warn(`${printable(refusalText(head, details))}\n`);
  }
  if (watched) return watchBatch(session, id);
  if (!session.json) session.say(`follow it with fleet watch ${id}`);
  return refused > 0 ? exit.failed : exit.done;
}

/** One call is bounded in tasks and time, so the calls go on until all were looked at. */
async function redriveAll(
  session: Session,
  id: string,
  order: BatchRedriveOrder,
): Promise<Required<Pick<BatchRedriven, "redriven" | "refused" | "details">>> {
  const all: Required<Pick<BatchRedriven, "redriven" | "refused" | "details">> = {
    redriven: 0,
    refused: 0,
    details: [],
  };
  let cursor: string | null = null;
  do {
    const answer: BatchRedriven = required(
      await session.client().redriveBatch(id, cursor === null ? order : { ...order, cursor }),
    );
    all.redriven += answer.redriven;
    all.refused += answer.refused ?? 0;
    all.details.push(...(answer.details ?? []));
    cursor = answer.next_cursor ?? null;
  } while (cursor !== null);
  return all;
}

async function orderOf(
  session: Session,
  kind: "task" | "batch",
  options: Options,
): Promise<BatchRedriveOrder> {
  const order: BatchRedriveOrder = { mode: options.mode };
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
