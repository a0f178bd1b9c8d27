import { randomUUID } from "node:crypto";
import path from "node:path";
import type { Command } from "commander";
import type { Called } from "../connection.ts";
import { type CsvTable, delimiterHint, delimiterOf, readCsv } from "../csv-table.ts";
import { isSameForAll, tasksOfCsv } from "../csv-tasks.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { counted } from "../figures.ts";
import { fileBytes, inputText, jsonFile } from "../input.ts";
import { printable } from "../printable.ts";
import type { Bind } from "../program.ts";
import { formatOf, mustBeWritable, writeResults } from "../results-file.ts";
import type { Session } from "../session.ts";
import { watchBatch } from "../watching.ts";
import type { BatchAnswer } from "../wire.ts";
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
}

/** What the API said, and the CSV file that the tasks were made from, if it was one. */
interface Sent {
  called: Called<BatchAnswer>;
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
    .option("--watch", "follow the batch until it is finished")
    .option("-o, --output <file>", "follow it, then write the results to a .csv or a .jsonl file")
    .action(
      bind(async (session, file: string, options: Options) => {
        const { output } = options;
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
          const lines = required(await session.client().results(batch.id));
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

/** Reads and sends the file in the form that its name says. */
async function send(session: Session, file: string, options: Options): Promise<Sent> {
  const isCsv =
    options.csv === true ||
    path.extname(file).toLowerCase() === ".csv" ||
    (file === "-" && options.prompt !== undefined);
  if (isCsv) return await sendCsv(session, file, options);
  const extra = (["prompt", "schema", "model", "policy", "delimiter"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (extra !== undefined || options.file.length > 0) {
    throw wrongUsage(`--${extra ?? "file"} is for CSV: in a .jsonl file each task holds its own`);
  }
  const client = session.client();
  const key = options.idempotencyKey ?? randomUUID();
  const text = await inputText(file, session.surroundings);
  if (path.extname(file).toLowerCase() === ".json") {
    return { called: await client.submitBatch(text, key), input: null };
  }
  if (text.trim() === "") {
    throw wrongUsage(`${file} is empty: write one task per line, such as {"prompt": "…"}`);
  }
  return { called: await client.submitLines(text, key), input: null };
}

async function sendCsv(session: Session, file: string, options: Options): Promise<Sent> {
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
  const lines = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  const key = options.idempotencyKey ?? randomUUID();
  return { called: onFileLines(await session.client().submitLines(lines, key), input), input };
}

/** The API counts the lines that it was sent, one a row; people count those of their file. */
function onFileLines<T>(called: Called<T>, { rows }: CsvTable): Called<T> {
  if (called.ok) return called;
  const details = called.problem.details.map((fault) => {
    const row = fault.line === undefined ? undefined : rows[fault.line - 1];
    return row === undefined ? fault : { ...fault, line: row.line };
  });
  return { ok: false, problem: { ...called.problem, details } };
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
