import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { terminalStatuses } from "../../../shared/states.ts";
import type { BatchAnswer, DryRunAnswer } from "../../api/batches/responses.ts";
import type { Answer } from "../../client/index.ts";
import type { Fault } from "../../http/error_body.ts";
import { resultsOf, submitted, type ToSend } from "../connection.ts";
import type { CsvTable } from "../csv/csv_table.ts";
import { formatOf, mustBeWritable, writeResults } from "../csv/results_file.ts";
import { type ExitCode, exit, required, wrongUsage } from "../exit.ts";
import { acceptedText } from "../output/chain.ts";
import { tellDryRun } from "../output/dry_run_text.ts";
import type { Bind } from "../program.ts";
import type { Session } from "../session.ts";
import { prepared, type TaskOptions } from "../submission.ts";
import { watchBatch } from "../watching.ts";
import { sayWritten } from "./results.ts";

interface Options extends TaskOptions {
  idempotencyKey?: string;
  watch?: boolean;
  output?: string;
  dryRun?: boolean;
}

/** What the API said, and the CSV file that the tasks were made from, if it was one. */
interface Sent {
  called: Answer<BatchAnswer>;
  input: CsvTable | null;
}

export function addSubmit(program: Command, bind: Bind): void {
  program
    .command("submit [file]")
    .description(
      "submit a batch: .jsonl with a task a line, .json with {tasks}, .csv with --prompt, - for standard input (JSONL, or CSV with --csv), or without a file the results of another batch, with --after and --prompt",
    )
    .option("--csv", "read the file, or standard input, as CSV whatever its name")
    .option("--delimiter <character>", 'for CSV: what parts the columns, such as ";" or tab')
    .option(
      "--prompt <text>",
      "for CSV: the prompt of each row, with {{column}} filled in; without a file: of each result of --after, with {{item.output.field}}",
    )
    .option("--schema <file>", "with --prompt: the JSON Schema of each answer")
    .option("--model <id>", "with --prompt: the model of each task")
    .option("--policy <name>", "with --prompt: the policy of each task")
    .option(
      "--file <path>",
      "with --prompt: a file that each task gets; may be given again",
      gathered,
      [],
    )
    .option("--after <batch>", "begin when this batch is finished")
    .option(
      "--after-status <list>",
      `which of its results count, by comma, of ${terminalStatuses.join(", ")} (succeeded unless said)`,
    )
    .option(
      "--idempotency-key <key>",
      "submitting again with the same key and file gives the same batch",
    )
    .option(
      "--dry-run",
      "submit nothing: say what would be refused, what is missing, and what the batch may cost",
    )
    .option("--watch", "follow the batch until it is finished")
    .option("-o, --output <file>", "follow it, then write the results to a .csv or a .jsonl file")
    .action(
      bind(async (session, file: string | undefined, options: Options) => {
        const { output } = options;
        if (options.dryRun === true) return await dryRun(session, file, options);
        if (output !== undefined) {
          formatOf(output);
          await mustBeWritable(output);
        }
        const { called, input } = await send(session, file, options);
        const batch = required(called);
        if (session.json) session.emit(batch);
        else session.say(acceptedText(batch));
        if (options.watch !== true && output === undefined) {
          if (!session.json) session.say(`follow it with fleet watch ${batch.id}`);
          return exit.done;
        }
        const code = await watchBatch(session, batch.id);
        if (output !== undefined) {
          const lines = await resultsOf(session.client(), batch.id);
          await writeResults(output, lines, input, again(batch.id, file, input, options));
          sayWritten(session, output, lines.length);
        } else if (!session.json) {
          session.say(`the results: fleet results ${batch.id}`);
        }
        return code;
      }),
    );
}

/** How to write the results of a batch that has run, elsewhere. */
function again(
  id: string,
  file: string | undefined,
  input: CsvTable | null,
  { delimiter }: Options,
): string {
  const parted = delimiter === undefined ? "" : ` --delimiter ${JSON.stringify(delimiter)}`;
  const joined = input === null || file === "-" ? "" : ` --input ${file}${parted}`;
  return `the tasks have ended, and the fleet keeps their results: fleet results ${id}${joined} -o <file>`;
}

/** The tasks as they would be sent, and what the fleet says of them. */
async function dryRun(
  session: Session,
  file: string | undefined,
  options: Options,
): Promise<ExitCode> {
  if (options.watch === true || options.output !== undefined) {
    throw wrongUsage(
      "--dry-run submits nothing, so there is nothing to follow: leave out --watch and -o",
    );
  }
  if (file === undefined) {
    throw wrongUsage(
      "--dry-run needs a file: tasks that results make are not known before the other batch is finished",
    );
  }
  const { input, ...sent } = await prepared(session, file, options);
  const told = required(onFileLines(await tried(session, sent), input));
  return tellDryRun(session, {
    ...told,
    faults: onLines(told.faults, input),
    warnings: onLines(told.warnings, input),
  });
}

/** Sends the file in the form that its name says. */
async function send(session: Session, file: string | undefined, options: Options): Promise<Sent> {
  const { input, ...sent } = await prepared(session, file, options);
  const key = options.idempotencyKey ?? randomUUID();
  const called = await submitted(session.client(), sent, key);
  return { called: onFileLines(called, sent.type === "application/json" ? null : input), input };
}

/** The same call says what would come of a batch, and then answers another shape. */
async function tried(session: Session, sent: ToSend): Promise<Answer<DryRunAnswer>> {
  const query = { ...sent.query, dry_run: true };
  const told = await session.client()("POST /v1/batches", { ...sent, query });
  return told as Answer<DryRunAnswer>;
}

/** The API counts the lines that it was sent, one a row; people count those of their file. */
function onFileLines<T>(called: Answer<T>, input: CsvTable | null): Answer<T> {
  return called.ok ? called : { ...called, details: onLines(called.details, input) };
}

function onLines(faults: readonly Fault[], input: CsvTable | null): Fault[] {
  return faults.map((fault) => {
    const row = fault.line === undefined ? undefined : input?.rows[fault.line - 1];
    return row === undefined ? fault : { ...fault, line: row.line };
  });
}

const gathered = (value: string, before: string[]): string[] => [...before, value];
