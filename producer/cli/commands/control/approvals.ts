import type { Command } from "commander";
import type { ApprovalResponse } from "../../../api/approvals/responses.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { readJson } from "../../input.ts";
import { countText } from "../../output/format.ts";
import { printableLine } from "../../output/printable.ts";
import { table } from "../../output/table.ts";
import type { Session } from "../../session.ts";

/** Which of the calls that wait. */
interface Filter {
  batch?: string;
  task?: string;
  tool?: string;
}

interface DecideOptions extends Filter {
  edit?: string;
  note?: string;
  dryRun?: boolean;
}

type Word = "approve" | "deny";

const withFilter = (command: Command): Command =>
  command
    .option("--batch <id>", "only calls of this batch")
    .option("--task <id>", "only calls of this task")
    .option("--tool <name>", "only calls of this tool");

export function addApprovals(program: Command, bind: Bind): void {
  withFilter(
    program.command("approvals").description("list the calls that wait for a person, oldest first"),
  ).action(bind((session, options: Filter) => list(session, options)));
  addDecision(program, bind, "approve");
  addDecision(program, bind, "deny");
}

function addDecision(program: Command, bind: Bind, word: Word): void {
  const command = program
    .command(`${word} [id]`)
    .description(`${word} a call that waits for a person, or with a filter all that match`)
    .option("--note <text>", "a sentence for the model")
    .option("--dry-run", "with a filter: only count the calls that match");
  if (word === "approve") {
    command.option(
      "--edit <file>",
      "run the call with the arguments in this JSON file (- for standard input)",
    );
  }
  withFilter(command).action(
    bind((session, id: string | undefined, options: DecideOptions) =>
      id === undefined ? decideMany(session, word, options) : decideOne(session, word, id, options),
    ),
  );
}

const filterOf = ({ batch, task, tool }: Filter) => ({
  ...(batch === undefined ? {} : { batch_id: batch }),
  ...(task === undefined ? {} : { task_id: task }),
  ...(tool === undefined ? {} : { tool }),
});

async function list(session: Session, options: Filter): Promise<ExitCode> {
  const query = { ...filterOf(options), limit: 100 };
  const page = unwrap(await session.client()("GET /v1/approvals", { query }));
  if (session.json) for (const each of page.approvals) session.printJson(each);
  else if (page.approvals.length === 0) session.print("No call waits for a person.");
  else {
    const rows = page.approvals.map((each) => [
      each.id,
      each.task_id,
      each.tool,
      until(each),
      JSON.stringify(each.arguments),
    ]);
    const head = ["approval", "task", "tool", "by", "arguments"];
    session.context.write(`${table(head, rows, session.context)}\n`);
    if (page.next_cursor !== null)
      session.print("More calls wait: decide these, or name a --batch or --tool.");
  }
  return exit.ok;
}

const until = ({ deadline_at, on_timeout }: ApprovalResponse): string =>
  `${deadline_at.slice(0, 16)} else ${on_timeout}`;

async function decideOne(
  session: Session,
  decision: Word,
  id: string,
  { edit, note, dryRun, ...filter }: DecideOptions,
): Promise<ExitCode> {
  if (dryRun === true || Object.keys(filterOf(filter)).length > 0) {
    throw usageError(`${decision} takes an id, or --batch, --task, --tool and --dry-run, not both`);
  }
  const input = edit === undefined ? undefined : await readJson(edit, session.context);
  const body = {
    decision,
    ...(note === undefined ? {} : { note }),
    ...(input === undefined ? {} : { arguments: input }),
  };
  const decided = unwrap(
    await session.client()("POST /v1/approvals/:id", { id, ...jsonBody(body) }),
  );
  if (session.json) session.printJson(decided);
  else session.print(printableLine(`${id}: ${decided.status}; ${decided.task_id} continues`, 200));
  return exit.ok;
}

async function decideMany(
  session: Session,
  decision: Word,
  { edit, note, dryRun, ...options }: DecideOptions,
): Promise<ExitCode> {
  const filter = filterOf(options);
  if (Object.keys(filter).length === 0) {
    throw usageError(
      `name a call to ${decision} (see fleet approvals), or --batch, --task or --tool`,
    );
  }
  if (edit !== undefined) throw usageError("--edit needs the id of one call");
  const body = {
    ...filter,
    decision,
    ...(note === undefined ? {} : { note }),
    ...(dryRun === true ? { dry_run: true } : {}),
  };
  const { matched, decided } = unwrap(await session.client()("POST /v1/approvals", jsonBody(body)));
  if (session.json)
    session.printJson({ matched, decided, ...(dryRun === true ? { dry_run: true } : {}) });
  else if (dryRun === true) session.print(`${countText(matched, "call")} match`);
  else
    session.print(
      `${countText(decided, "call")} of ${matched}: ${decision === "approve" ? "approved" : "denied"}`,
    );
  return exit.ok;
}
