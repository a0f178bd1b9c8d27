import type { Command } from "commander";
import { redrivable } from "../../../shared/states.ts";
import type { Redriven } from "../../api/batches/responses.ts";
import { asSent } from "../connection.ts";
import { type ExitCode, exit, required, Stop, wrongUsage } from "../exit.ts";
import { jsonFile, parsedJson } from "../input.ts";
import { counted } from "../output/format.ts";
import { printable } from "../output/printable.ts";
import type { Bind } from "../program.ts";
import { refusalText } from "../refusal.ts";
import { kindOf, type Session } from "../session.ts";
import { watchBatch, watchTask } from "../watching.ts";

interface Options {
  mode: string;
  status?: string;
  reason?: string;
  errorCode?: string;
  label: string[];
  createdAfter?: string;
  createdBefore?: string;
  overrides?: string;
  watch?: boolean;
}

/** What the API takes; it says itself what it does not. */
interface ManyRedriveOrder {
  mode: string;
  overrides?: Record<string, unknown>;
  status?: string[];
  reason?: string;
  error_code?: string;
  labels?: Record<string, string>;
  created_after?: string;
  created_before?: string;
  /** Where the call before this one stopped. */
  cursor?: string;
}

/** What a redrive is of: one task, the tasks of a batch, or those that a filter chooses. */
type Target = { kind: "task" | "batch"; id: string } | { kind: "chosen" };

export function addRedrive(program: Command, bind: Bind): void {
  program
    .command("redrive [id]")
    .description(
      "send a settled task through again, or those of a batch, or without an id those that the filters choose",
    )
    .option(
      "--mode <mode>",
      "resume: go on behind the last finished step, with what was used still counted; restart: begin again as it was sent, with effects that may have happened already",
      "resume",
    )
    .option("--status <list>", `only these, by comma, of ${redrivable.join(", ")}`)
    .option("--reason <reason>", "only tasks that ended for this reason")
    .option("--error-code <code>", "only tasks whose error has this code")
    .option("--label <key=value>", "only tasks with this label; may be given again", gathered, [])
    .option("--created-after <time>", "only tasks from this time on, such as 2026-12-01T09:00:00Z")
    .option("--created-before <time>", "only tasks from before this time")
    .option("--overrides <json|@file>", 'fields of the task to change, such as \'{"model":"…"}\'')
    .option("--watch", "follow the task or the batch until it is settled")
    .action(
      bind(async (session, id: string | undefined, options: Options) => {
        const target: Target = id === undefined ? { kind: "chosen" } : { kind: kindOf(id), id };
        const order = await orderOf(session, target, options);
        const watched = options.watch === true;
        return target.kind === "task"
          ? redriveTask(session, target.id, order, watched)
          : redriveMany(session, target, order, watched);
      }),
    );
}

const gathered = (value: string, before: string[]): string[] => [...before, value];

async function redriveTask(
  session: Session,
  id: string,
  order: ManyRedriveOrder,
  watched: boolean,
): Promise<ExitCode> {
  const task = required(
    await session.client()("POST /v1/tasks/:id/redrive", { id, ...asSent(order) }),
  );
  if (watched) return watchTask(session, id);
  if (session.json) session.emit(task);
  else session.say(`${id} is queued again; follow it with fleet watch ${id}`);
  return exit.done;
}

/** Exit code 1 where a task that was meant stays as it is, or none was meant. */
async function redriveMany(
  session: Session,
  target: Exclude<Target, { kind: "task" }>,
  order: ManyRedriveOrder,
  watched: boolean,
): Promise<ExitCode> {
  const id = target.kind === "batch" ? target.id : null;
  const of = id === null ? "" : ` of ${id}`;
  const { redriven, refused, details } = await redriveAll(session, id, order);
  if (redriven === 0 && refused === 0) {
    const filtered = Object.keys(order).some((name) => name !== "mode" && name !== "overrides");
    const which = filtered ? "fits the filters" : `is ${redrivable.join(" or ")}`;
    throw new Stop(exit.failed, `no task${of} ${which}: nothing is redriven`);
  }
  if (session.json) session.emit({ ...(id === null ? {} : { id }), redriven, refused, details });
  else {
    const are = redriven === 1 ? "is" : "are";
    session.say(`${counted(redriven, "task")}${of} ${are} queued again`);
  }
  if (refused > 0 && !session.json) {
    const head = `${counted(refused, "task")}${of} cannot be redriven so:`;
    session.surroundings.warn(`${printable(refusalText(head, details))}\n`);
  }
  if (watched && id !== null) return watchBatch(session, id);
  if (!session.json && id !== null) session.say(`follow it with fleet watch ${id}`);
  return refused > 0 ? exit.failed : exit.done;
}

/** One call is bounded in tasks and time, so the calls go on until all were looked at. */
async function redriveAll(
  session: Session,
  id: string | null,
  order: ManyRedriveOrder,
): Promise<Omit<Redriven, "next_cursor">> {
  const all: Omit<Redriven, "next_cursor"> = {
    redriven: 0,
    refused: 0,
    details: [],
  };
  const client = session.client();
  let cursor: string | null = null;
  do {
    const next: ManyRedriveOrder = cursor === null ? order : { ...order, cursor };
    const answer: Redriven = required(
      await (id === null
        ? client("POST /v1/tasks/redrive", asSent(next))
        : client("POST /v1/batches/:id/redrive", { id, ...asSent(next) })),
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
  target: Target,
  options: Options,
): Promise<ManyRedriveOrder> {
  const filter = filterOf(options);
  const names = Object.keys(filter);
  if (target.kind === "task" && names.length > 0) {
    throw wrongUsage("filters such as --status choose among many tasks; this is one");
  }
  if (target.kind === "chosen") {
    if (names.length === 0) {
      throw wrongUsage(
        "say which tasks: an id, or a filter (--status, --reason, --error-code, --label, --created-after, --created-before)",
      );
    }
    if (options.watch === true) throw wrongUsage("--watch follows one task or one batch: name it");
  }
  const order: ManyRedriveOrder = { mode: options.mode, ...filter };
  if (options.overrides !== undefined) {
    order.overrides = await overridesOf(options.overrides, session);
  }
  return order;
}

function filterOf(options: Options): Omit<ManyRedriveOrder, "mode"> {
  const filter: Omit<ManyRedriveOrder, "mode"> = {};
  if (options.status !== undefined) {
    filter.status = options.status.split(",").map((status) => status.trim());
    const wrong = filter.status.find((status) => !redrivable.some((known) => known === status));
    if (wrong !== undefined) {
      throw wrongUsage(`--status ${wrong}: only ${redrivable.join(", ")} can be redriven`);
    }
  }
  if (options.reason !== undefined) filter.reason = options.reason;
  if (options.errorCode !== undefined) filter.error_code = options.errorCode;
  if (options.createdAfter !== undefined) filter.created_after = options.createdAfter;
  if (options.createdBefore !== undefined) filter.created_before = options.createdBefore;
  for (const pair of options.label) {
    const at = pair.indexOf("=");
    if (at < 1) throw wrongUsage(`--label ${pair}: write key=value`);
    filter.labels = { ...filter.labels, [pair.slice(0, at)]: pair.slice(at + 1) };
  }
  return filter;
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
