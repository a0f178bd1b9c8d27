import { randomUUID } from "node:crypto";
import path from "node:path";
import type { Command } from "commander";
import type { BatchAnswer, DryRunAnswer } from "../../answers/batch.ts";
import type { Fault } from "../../answers/fault.ts";
import type { Answer } from "../../client/index.ts";
import { resultsOf, submitted } from "../connection.ts";
import { type CsvTable, delimiterHint, delimiterOf, readCsv } from "../csv-table.ts";
import { isSameForAll, tasksOfCsv } from "../csv-tasks.ts";
import { tellDryRun } from "../dry-run-text.ts";
import { type ExitCode, exit, required, wrongUsage } from "../exit.ts";
import { counted } from "../figures.ts";
import { fileBytes, inputText, jsonFile } from "../input.ts";
import { printable } from "../printable.ts";
import type { Bind } from "../program.ts";
import { formatOf, mustBeWritable, writeResults } from "../results-file.ts";
import type { Session } from "../session.ts";
import { watchBatch } from "../watching.ts";
import { sayWritten } from "./results.ts";

interface Options {
  csv?: boolean;
  delimiter?: string;
  prompt?: string;
  schema?: string;
  model?: string;
  policy?: string;
  file: string[];
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
    .command("submit <file>")
    .description(
      "submit a batch: .jsonl with a task a line, .json with {tasks}, .csv with --prompt, or - for standard input (JSONL, or CSV with --csv)",
    )
    .option("--csv", "read the file, or standard input, as CSV whatever its name")
    .option("--delimiter <character>", 'for CSV: what parts the columns, such as ";" or tab')
    .option("--prompt <text>", "for CSV: the prompt of each row, with {{column}} filled in")
    .option("--schema <file>", "for CSV: the JSON Schema of each answer")
    .option("--model <id>", "for CSV: the model of each task")
    .option("--policy <name>", "for CSV: the policy of each task")
    .option(
      "--file <path>",
      "for CSV: a file that each task gets; may be given again",
      gathered,
      [],
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
      bind(async (session, file: string, options: Options) => {
        const { output } = options;
        if (options.dryRun === true) return await dryRun(session, file, options);
        if (output !== undefined) {
          formatOf(output);
          await mustBeWritable(output);
        }
        const { called, input } = await send(session, file, options);
        const batch = required(called);
        if (session.json) session.emit(batch);
        else session.say(`${batch.id}: ${counted(batch.counts.total, "task")} accepted`);
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
function again(id: string, file: string, input: CsvTable | null, { delimiter }: Options): string {
  const parted = delimiter === undefined ? "" : ` --delimiter ${JSON.stringify(delimiter)}`;
  const joined = input === null || file === "-" ? "" : ` --input ${file}${parted}`;
  return `the tasks have ended, and the fleet keeps their results: fleet results ${id}${joined} -o <file>`;
}

/** The tasks as they would be sent, and what the fleet says of them. */
async function dryRun(session: Session, file: string, options: Options): Promise<ExitCode> {
  if (options.watch === true || options.output !== undefined) {
    throw wrongUsage(
      "--dry-run submits nothing, so there is nothing to follow: leave out --watch and -o",
    );
  }
  const { body, isJson, input } = await prepared(session, file, options);
  const told = required(onFileLines(await tried(session, body, isJson), input));
  return tellDryRun(session, {
    ...told,
    faults: onLines(told.faults, input),
    warnings: onLines(told.warnings, input),
  });
}

/** Sends the file in the form that its name says. */
async function send(session: Session, file: string, options: Options): Promise<Sent> {
  const { body, isJson, input } = await prepared(session, file, options);
  const client = session.client();
  const key = options.idempotencyKey ?? randomUUID();
  const type = isJson ? "application/json" : "application/x-ndjson";
  const called = await submitted(client, body, type, key);
  return { called: onFileLines(called, isJson ? null : input), input };
}

/** The same call says what would come of a batch, and then answers another shape. */
async function tried(
  session: Session,
  body: string,
  isJson: boolean,
): Promise<Answer<DryRunAnswer>> {
  const type = isJson ? "application/json" : "application/x-ndjson";
  const query = { dry_run: true };
  const told = await session.client()("POST /v1/batches", { body, type, query });
  return told as Answer<DryRunAnswer>;
}

/** A batch's body, and the CSV file that it was made from, if it was one. */
interface Prepared {
  body: string;
  isJson: boolean;
  input: CsvTable | null;
}

async function prepared(session: Session, file: string, options: Options): Promise<Prepared> {
  const isCsv =
    options.csv === true ||
    path.extname(file).toLowerCase() === ".csv" ||
    (file === "-" && options.prompt !== undefined);
  if (isCsv) return await fromCsv(session, file, options);
  const extra = (["prompt", "schema", "model", "policy", "delimiter"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (extra !== undefined || options.file.length > 0) {
    throw wrongUsage(`--${extra ?? "file"} is for CSV: in a .jsonl file each task holds its own`);
  }
  // A missing key is told before a file is read from standard input.
  session.client();
  const body = await inputText(file, session.surroundings);
  const isJson = path.extname(file).toLowerCase() === ".json";
  if (!isJson && body.trim() === "") {
    throw wrongUsage(`${file} is empty: write one task per line, such as {"prompt": "…"}`);
  }
  return { body, isJson, input: null };
}

async function fromCsv(session: Session, file: string, options: Options): Promise<Prepared> {
  const { prompt } = options;
  if (prompt === undefined) {
    throw wrongUsage('a CSV file needs --prompt, such as --prompt "Classify: {{subject}}"');
  }
  const delimiter = delimiterOf(options.delimiter ?? ",");
  const text = await inputText(file, session.surroundings);
  const input = readCsv(text, delimiter);
  const hint = delimiterHint(text, delimiter);
  const tasks = tasksOfCsv(input, prompt, await sharedFields(session, options), hint);
  if (isSameForAll(prompt)) {
    const example = `{{${input.columns[0]}}}`;
    session.surroundings.warn(
      `${printable(`warning: --prompt names no column, so every row gets the same prompt; write ${example} where a cell belongs${hint}`)}\n`,
    );
  }
  const body = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  return { body, isJson: false, input };
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

/** What every task made from a CSV row has in common. */
async function sharedFields(session: Session, options: Options): Promise<Record<string, unknown>> {
  const { schema, model, policy, file } = options;
  const files: Record<string, { base64: string }> = {};
  for (const name of file) {
    files[path.basename(name)] = { base64: Buffer.from(await fileBytes(name)).toString("base64") };
  }
  return {
    ...(schema === undefined
      ? {}
      : { output_schema: await jsonFile(schema, session.surroundings) }),
    ...(model === undefined ? {} : { model }),
    ...(policy === undefined ? {} : { policy }),
    ...(file.length === 0 ? {} : { files }),
  };
}

const gathered = (value: string, before: string[]): string[] => [...before, value];
