import { createHash, randomUUID } from "node:crypto";
import type { Command } from "commander";
import { terminalStatuses } from "../../../../shared/task/states.ts";
import { canonicalJson } from "../../../../shared/text/canonical_json.ts";
import type { BatchResponse, DryRunResponse } from "../../../api/batches/responses.ts";
import type { CallResult } from "../../../client/index.ts";
import type { Detail } from "../../../http/error_response.ts";
import type { Bind } from "../../bind.ts";
import { type BatchBody, submitBatch } from "../../connection.ts";
import type { CsvTable } from "../../csv/csv_table.ts";
import { formatOf, mustBeWritable } from "../../csv/results_file.ts";
import { type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { countText } from "../../output/format.ts";
import { printableLine } from "../../output/printable.ts";
import type { Session } from "../../session.ts";
import { watchToEnd } from "../../watch/watch_batch.ts";
import { collect } from "../repeatable_option.ts";
import { readBatchInput, type TaskOptions } from "./batch_input.ts";
import { addBatchOptions } from "./batch_options.ts";
import { acceptedText } from "./chain.ts";
import { printDryRun } from "./dry_run.ts";
import { otherOutputCommand, outputCommand, writeOutput } from "./results_output.ts";

interface Options extends TaskOptions {
  idempotencyKey?: string;
  again?: boolean;
  watch?: boolean;
  output?: string;
  dryRun?: boolean;
}

/** The result of the call, and the CSV file that the tasks were made from; null for other input. */
interface Submission {
  result: CallResult<BatchResponse>;
  input: CsvTable | null;
  /** False if the same key was submitted before. */
  isNew: boolean;
}

export function addSubmit(program: Command, bind: Bind): void {
  const command = program
    .command("submit [file]")
    .description(
      "submit a batch. The file is .jsonl (one task per line), .json ({tasks}), .csv (with --prompt) or - for standard input (JSONL, or CSV with --csv). Without a file, --after and --prompt make tasks from the results of another batch",
    )
    .option("--csv", "read the file or standard input as CSV, whatever its name")
    .option("--delimiter <character>", 'CSV column separator, such as ";" or tab')
    .option(
      "--prompt <text>",
      "the prompt of each task: for CSV with {{column}} placeholders, without a file with {{item.output.field}} of each result of --after",
    )
    .option("--schema <file>", "with --prompt: the JSON Schema of each output")
    .option("--file <path>", "with --prompt: a file for each task; can be repeated", collect);
  addBatchOptions(command)
    .option("--after <batch>", "start when this batch is finished")
    .option(
      "--after-status <list>",
      `which of its results to use, comma-separated: ${terminalStatuses.join(", ")} (default succeeded)`,
    )
    .option(
      "--idempotency-key <key>",
      "submitting again with the same key and file returns the same batch (default: a hash of the input and the options)",
    )
    .option("--again", "submit a new batch, although the same input was submitted before")
    .option(
      "--dry-run",
      "submit nothing: report what would be rejected, what is missing, and the possible cost",
    )
    .option("--watch", "watch the batch until it is finished")
    .option("-o, --output <file>", "watch it, then write the results to a .csv or .jsonl file")
    .action(
      bind(async (session, file: string | undefined, options: Options) => {
        const { output } = options;
        if (options.dryRun === true) return await dryRun(session, file, options);
        if (output !== undefined) {
          formatOf(output);
          await mustBeWritable(output);
        }
        const { result, input, isNew } = await submit(session, file, options);
        const batch = unwrap(result);
        if (session.json) session.printJson(batch);
        else session.print(isNew ? acceptedText(batch) : knownText(batch));
        if (output === undefined) return await watch(session, batch.id, options.watch === true);
        return await watchAndWrite(session, batch.id, output, {
          file,
          table: input,
          delimiter: options.delimiter,
        });
      }),
    );
}

async function watch(session: Session, id: string, isWatched: boolean): Promise<ExitCode> {
  if (!isWatched) {
    if (!session.json) session.print(`Watch it: fleet watch ${id}`);
    return exit.ok;
  }
  const { code, hasTasks } = await watchToEnd(session, id);
  if (!session.json && hasTasks) session.print(`Get the results: fleet results ${id}`);
  return code;
}

/** The CSV file of a batch; its columns cannot be read again from standard input. */
interface Source {
  file: string | undefined;
  table: CsvTable | null;
  delimiter: string | undefined;
}

async function watchAndWrite(
  session: Session,
  id: string,
  output: string,
  { file, table, delimiter }: Source,
): Promise<ExitCode> {
  const columns = table === null || file === undefined || file === "-" ? null : { file, delimiter };
  const resume = `To write ${output} when it is finished: ${outputCommand(session, id, output, columns)}`;
  const { code, hasTasks } = await watchToEnd(session, id, { resume });
  // A batch that was rejected after its wait has already reported why.
  if (!hasTasks) return code;
  const recovery = `the batch is finished and its results are stored; write them to another file: ${otherOutputCommand(session, id, columns)}`;
  await writeOutput(session, id, output, table, recovery);
  return code;
}

/** The same input and options were submitted before. */
function knownText({ id, status, counts, created_at }: BatchResponse): string {
  const settledCount = counts.total - counts.queued - counts.running;
  return `${id}: submitted before, on ${created_at}, with the same input and options: ${status}, ${settledCount} of ${countText(counts.total, "task")} settled. To submit it again, add --again`;
}

async function dryRun(
  session: Session,
  file: string | undefined,
  options: Options,
): Promise<ExitCode> {
  if (options.watch === true || options.output !== undefined) {
    throw usageError("--dry-run submits nothing to watch: leave out --watch and -o");
  }
  if (file === undefined) {
    throw usageError(
      "--dry-run needs a file: tasks from results are unknown until the other batch is finished",
    );
  }
  const { input, ...batch } = await readBatchInput(session, file, options);
  const report = unwrap(withFileLines(await callDryRun(session, batch), input));
  const code = printDryRun(session, {
    ...report,
    faults: fileLines(report.faults, input),
    warnings: fileLines(report.warnings, input),
  });
  const first = firstTask(batch);
  if (!session.json && first !== null) session.print(`first task: ${printableLine(first, 1_000)}`);
  return code;
}

/** The first line as it is submitted, with the defaults; null for a JSON body, which has its own. */
function firstTask({ body, type, query }: BatchBody): string | null {
  if (type === "application/json") return null;
  const [line = ""] = body.trimStart().split("\n", 1);
  try {
    return JSON.stringify({ ...query.defaults, ...(JSON.parse(line) as object) });
  } catch {
    return null;
  }
}

async function submit(
  session: Session,
  file: string | undefined,
  options: Options,
): Promise<Submission> {
  const { input, ...batch } = await readBatchInput(session, file, options);
  const key = keyOf(batch, options);
  const client = session.client();
  const removeHandler = session.context.onInterrupt(() => {
    const advice = options.again === true ? "see fleet batches" : "run the same command to see";
    session.context.warn(`the batch may have been accepted: ${advice}\n`);
  });
  const result = await submitBatch(client, batch, key).finally(removeHandler);
  const isNew = !result.ok || result.status !== 200;
  const table = batch.type === "application/json" ? null : input;
  return { result: withFileLines(result, table), input, isNew };
}

/** By default the input and the options themselves, so that the same command again is the same batch. */
function keyOf(batch: BatchBody, { idempotencyKey, again }: Options): string {
  if (again !== true) return idempotencyKey ?? derivedKey(batch);
  if (idempotencyKey === undefined) return randomUUID();
  throw usageError(
    "--again submits a new batch, and --idempotency-key the same one: use one of them",
  );
}

const derivedKey = ({ body, type, query }: BatchBody): string =>
  `cli-${createHash("sha256")
    .update(canonicalJson([type, query, body]))
    .digest("hex")}`;

/** The same call as a submission, with another response. */
async function callDryRun(session: Session, batch: BatchBody): Promise<CallResult<DryRunResponse>> {
  const query = { ...batch.query, dry_run: true };
  const result = await session.client()("POST /v1/batches", { ...batch, query });
  return result as CallResult<DryRunResponse>;
}

/** The API counts the lines it was sent, one per row; users count the lines of their file. */
function withFileLines<T>(result: CallResult<T>, input: CsvTable | null): CallResult<T> {
  if (result.ok) return result;
  const { error } = result;
  return { ok: false, error: { ...error, details: fileLines(error.details, input) } };
}

function fileLines(faults: readonly Detail[], input: CsvTable | null): Detail[] {
  return faults.map((fault) => {
    const row = fault.line === undefined ? undefined : input?.rows[fault.line - 1];
    return row === undefined ? fault : { ...fault, line: row.line };
  });
}
