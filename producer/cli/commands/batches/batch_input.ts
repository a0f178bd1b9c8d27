/** The body of `fleet submit`: from a file, from options, or from the results of another batch. */
import path from "node:path";
import type { After } from "../../../../shared/schedule.ts";
import type { BatchBody } from "../../connection.ts";
import { type CsvTable, delimiterHint, parseCsv, parseDelimiter } from "../../csv/csv_table.ts";
import { tasksFromCsv, usesColumns } from "../../csv/csv_tasks.ts";
import { usageError } from "../../exit.ts";
import { displayName, parseJson, readBytes, readJson, readText } from "../../input.ts";
import { printable } from "../../output/printable.ts";
import type { Session } from "../../session.ts";
import { addAfter, type ChainOptions, parseAfter, templateBody, usesItem } from "./chain.ts";

/** The options that describe the tasks. */
export interface TaskOptions extends ChainOptions {
  csv?: boolean;
  delimiter?: string;
  prompt?: string;
  schema?: string;
  model?: string;
  policy?: string;
  file?: string[];
}

/** A batch's body, and the CSV file that it was made from; null for other input. */
export interface BatchInput extends BatchBody {
  input: CsvTable | null;
}

export async function readBatchInput(
  session: Session,
  file: string | undefined,
  options: TaskOptions,
): Promise<BatchInput> {
  const after = parseAfter(options);
  if (file === undefined) return await inputFromResults(session, after, options);
  const isCsv =
    options.csv === true ||
    path.extname(file).toLowerCase() === ".csv" ||
    (file === "-" && options.prompt !== undefined);
  if (isCsv) return await inputFromCsv(session, file, after, options);
  const csvOption = (["prompt", "schema", "model", "policy", "delimiter"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (csvOption !== undefined || options.file !== undefined) {
    throw usageError(
      `--${csvOption ?? "file"} is only for CSV: in a .jsonl file, write it in each task`,
    );
  }
  // Reports a missing key before standard input is read.
  session.client();
  const body = await readText(file, session.context);
  if (path.extname(file).toLowerCase() === ".json") {
    // The API would report the same without the name of the file.
    parseJson(body, file);
    const json = after === undefined ? body : addAfter(body, file, after);
    return { body: json, type: "application/json", query: {}, input: null };
  }
  if (body.trim() === "") {
    throw usageError(
      `${displayName(file)} is empty: write one task per line, such as {"prompt": "…"}`,
    );
  }
  return { ...ndjsonBody(body, after), input: null };
}

/** NDJSON lines carry the batch's own fields in the query. */
const ndjsonBody = (body: string, after: After | undefined): BatchBody => ({
  body,
  type: "application/x-ndjson",
  query: after === undefined ? {} : { after },
});

/** Without a file, the tasks are made from the results of another batch. */
async function inputFromResults(
  session: Session,
  after: After | undefined,
  options: TaskOptions,
): Promise<BatchInput> {
  const { prompt } = options;
  if (after === undefined || prompt === undefined) {
    throw usageError(
      'name a file, or make tasks from the results of a batch: --after <batch> --prompt "Check {{item.output.text}}"',
    );
  }
  if (options.csv === true || options.delimiter !== undefined) {
    throw usageError(`--${options.csv === true ? "csv" : "delimiter"} needs a CSV file: name one`);
  }
  if (!usesItem(prompt)) {
    warn(
      session,
      "--prompt uses no field of the result, so every task gets the same prompt: insert one, such as {{item.output.text}}",
    );
  }
  const body = templateBody(after, prompt, await sharedFields(session, options));
  return { body, type: "application/json", query: {}, input: null };
}

function warn(session: Session, text: string): void {
  session.context.warn(`${printable(`warning: ${text}`)}\n`);
}

async function inputFromCsv(
  session: Session,
  file: string,
  after: After | undefined,
  options: TaskOptions,
): Promise<BatchInput> {
  const { prompt } = options;
  if (prompt === undefined) {
    throw usageError('a CSV file needs --prompt, such as --prompt "Classify: {{subject}}"');
  }
  const delimiter = parseDelimiter(options.delimiter ?? ",");
  const text = await readText(file, session.context);
  const input = parseCsv(text, delimiter);
  const hint = delimiterHint(text, delimiter);
  const tasks = tasksFromCsv(input, prompt, await sharedFields(session, options), hint);
  if (!usesColumns(prompt)) {
    const example = `{{${input.columns[0]}}}`;
    warn(
      session,
      `--prompt uses no column, so every task gets the same prompt: insert one, such as ${example}${hint}`,
    );
  }
  const body = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  return { ...ndjsonBody(body, after), input };
}

/** The fields of every task that options make. */
async function sharedFields(
  session: Session,
  options: TaskOptions,
): Promise<Record<string, unknown>> {
  const { schema, model, policy, file = [] } = options;
  const files: Record<string, { base64: string }> = {};
  for (const name of file) {
    files[path.basename(name)] = { base64: Buffer.from(await readBytes(name)).toString("base64") };
  }
  return {
    ...(schema === undefined ? {} : { output_schema: await readJson(schema, session.context) }),
    ...(model === undefined ? {} : { model }),
    ...(policy === undefined ? {} : { policy }),
    ...(file.length === 0 ? {} : { files }),
  };
}
