/** The body of `fleet submit`: from a file, from options, or from the results of another batch. */
import path from "node:path";
import type { BatchHead } from "../../../../shared/task/batch.ts";
import type { BatchBody } from "../../connection.ts";
import { type CsvTable, delimiterHint, parseCsv, parseDelimiter } from "../../csv/csv_table.ts";
import { tasksFromCsv, usesColumns } from "../../csv/csv_tasks.ts";
import { usageError } from "../../exit.ts";
import { displayName, parseJson, readBytes, readJson, readText } from "../../input.ts";
import { printable } from "../../output/printable.ts";
import type { Session } from "../../session.ts";
import { type BatchOptions, readBatchHead, readTaskFields } from "./batch_options.ts";
import { addToBody, type ChainOptions, parseAfter, templateBody, usesItem } from "./chain.ts";

/** The options that describe the tasks. */
export interface TaskOptions extends ChainOptions, BatchOptions {
  csv?: boolean;
  delimiter?: string;
  prompt?: string;
  schema?: string;
  file?: string[];
}

/** What the options add to a batch: its own fields, and the fields of each task. */
interface Added {
  head: BatchHead;
  fields: Record<string, unknown>;
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
  const head = { ...readBatchHead(options), ...(after === undefined ? {} : { after }) };
  const addedFields = { head, fields: await readTaskFields(session, options) };
  if (file === undefined) return await inputFromResults(session, addedFields, options);
  const isCsv =
    options.csv === true ||
    path.extname(file).toLowerCase() === ".csv" ||
    (file === "-" && options.prompt !== undefined);
  if (isCsv) return await inputFromCsv(session, file, addedFields, options);
  const csvOption = (["prompt", "schema", "delimiter"] as const).find(
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
    const isUnchanged = Object.keys({ ...head, ...addedFields.fields }).length === 0;
    const json = isUnchanged ? body : addToBody(body, file, head, addedFields.fields);
    return { body: json, type: "application/json", query: {}, input: null };
  }
  if (body.trim() === "") {
    throw usageError(
      `${displayName(file)} is empty: write one task per line, such as {"prompt": "…"}`,
    );
  }
  return { ...ndjsonBody(body, addedFields), input: null };
}

/** NDJSON lines carry the batch's own fields in the query. */
const ndjsonBody = (body: string, { head, fields }: Added): BatchBody => ({
  body,
  type: "application/x-ndjson",
  query: Object.keys(fields).length === 0 ? head : { ...head, defaults: fields },
});

/** Without a file, the tasks are made from the results of another batch. */
async function inputFromResults(
  session: Session,
  { head, fields }: Added,
  options: TaskOptions,
): Promise<BatchInput> {
  const { prompt } = options;
  if (head.after === undefined || prompt === undefined) {
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
  const sharedFields = { ...fields, ...(await readFileFields(session, options)) };
  const body = templateBody(head, prompt, sharedFields);
  return { body, type: "application/json", query: {}, input: null };
}

function warn(session: Session, text: string): void {
  session.context.warn(`${printable(`warning: ${text}`)}\n`);
}

async function inputFromCsv(
  session: Session,
  file: string,
  { head, fields }: Added,
  options: TaskOptions,
): Promise<BatchInput> {
  const { prompt } = options;
  if (prompt === undefined) {
    throw usageError('a CSV file needs --prompt, such as --prompt "Classify: {{subject}}"');
  }
  const text = await readText(file, session.context, { ignoreBOM: true });
  if (options.csv !== true && file === "-") mustNotBeJson(text);
  const delimiter = options.delimiter === undefined ? null : parseDelimiter(options.delimiter);
  const input = parseCsv(text, delimiter);
  const hint = delimiterHint(text, delimiter ?? input.delimiter);
  const { model, policy, ...defaults } = fields;
  const sharedFields = {
    ...(await readFileFields(session, options)),
    ...definedOf({ model, policy }),
  };
  const tasks = tasksFromCsv(input, prompt, sharedFields, hint);
  if (!usesColumns(prompt)) {
    const example = `{{${input.columns[0]}}}`;
    warn(
      session,
      `--prompt uses no column, so every task gets the same prompt: insert one, such as ${example}${hint}`,
    );
  }
  const body = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  return { ...ndjsonBody(body, { head, fields: defaults }), input };
}

/** With --prompt standard input is CSV; JSONL there would be read as one column with a strange name. */
function mustNotBeJson(text: string): void {
  if (!/^\ufeff?\s*\{\s*["}]/.test(text)) return;
  throw usageError(
    "this looks like JSONL, where each line has its own prompt: leave out --prompt, or pass --csv if it is CSV",
  );
}

const definedOf = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The fields of every task that come from files. */
export async function readFileFields(
  session: Session,
  options: { schema?: string; file?: string[] },
): Promise<Record<string, unknown>> {
  const { schema, file = [] } = options;
  const files: Record<string, { base64: string }> = {};
  for (const name of file) {
    files[path.basename(name)] = { base64: Buffer.from(await readBytes(name)).toString("base64") };
  }
  return {
    ...(schema === undefined ? {} : { output_schema: await readJson(schema, session.context) }),
    ...(file.length === 0 ? {} : { files }),
  };
}
