/** What `fleet submit` sends, made of its file, its options, or another batch's results to come. */
import path from "node:path";
import type { After } from "../../shared/schedule.ts";
import type { ToSend } from "./connection.ts";
import { type CsvTable, delimiterHint, delimiterOf, readCsv } from "./csv/csv_table.ts";
import { isSameForAll, tasksOfCsv } from "./csv/csv_tasks.ts";
import { wrongUsage } from "./exit.ts";
import { calledOf, fileBytes, inputText, jsonFile, parsedJson } from "./input.ts";
import { afterOf, type ChainOptions, chained, namesNoItem, templated } from "./output/chain.ts";
import { printable } from "./output/printable.ts";
import type { Session } from "./session.ts";

/** The options that say what the tasks are. */
export interface TaskOptions extends ChainOptions {
  csv?: boolean;
  delimiter?: string;
  prompt?: string;
  schema?: string;
  model?: string;
  policy?: string;
  file: string[];
}

/** A batch's body, and the CSV file that it was made from, if it was one. */
export interface Prepared extends ToSend {
  input: CsvTable | null;
}

export async function prepared(
  session: Session,
  file: string | undefined,
  options: TaskOptions,
): Promise<Prepared> {
  const after = afterOf(options);
  if (file === undefined) return await fromResults(session, after, options);
  const isCsv =
    options.csv === true ||
    path.extname(file).toLowerCase() === ".csv" ||
    (file === "-" && options.prompt !== undefined);
  if (isCsv) return await fromCsv(session, file, after, options);
  const extra = (["prompt", "schema", "model", "policy", "delimiter"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (extra !== undefined || options.file.length > 0) {
    throw wrongUsage(`--${extra ?? "file"} is for CSV: in a .jsonl file each task holds its own`);
  }
  // A missing key is told before a file is read from standard input.
  session.client();
  const body = await inputText(file, session.surroundings);
  if (path.extname(file).toLowerCase() === ".json") {
    // The API would say the same of a body that has no name.
    parsedJson(body, file);
    const whole = after === undefined ? body : chained(body, file, after);
    return { body: whole, type: "application/json", query: {}, input: null };
  }
  if (body.trim() === "") {
    throw wrongUsage(
      `${calledOf(file)} is empty: write one task per line, such as {"prompt": "…"}`,
    );
  }
  return { ...asLines(body, after), input: null };
}

/** Lines say in the query what a JSON body says beside its tasks. */
const asLines = (body: string, after: After | undefined): ToSend => ({
  body,
  type: "application/x-ndjson",
  query: after === undefined ? {} : { after },
});

/** No file: the tasks are made of another batch's results. */
async function fromResults(
  session: Session,
  after: After | undefined,
  options: TaskOptions,
): Promise<Prepared> {
  const { prompt } = options;
  if (after === undefined || prompt === undefined) {
    throw wrongUsage(
      'name a file, or make tasks of a batch\'s results: --after <batch> --prompt "Check {{item.output.text}}"',
    );
  }
  if (options.csv === true || options.delimiter !== undefined) {
    throw wrongUsage(`--${options.csv === true ? "csv" : "delimiter"} is for a CSV file: name one`);
  }
  if (namesNoItem(prompt)) {
    warn(
      session,
      "--prompt names no field of a result; write {{item.output.text}} where one belongs",
    );
  }
  const body = templated(after, prompt, await sharedFields(session, options));
  return { body, type: "application/json", query: {}, input: null };
}

function warn(session: Session, text: string): void {
  session.surroundings.warn(`${printable(`warning: ${text}`)}\n`);
}

async function fromCsv(
  session: Session,
  file: string,
  after: After | undefined,
  options: TaskOptions,
): Promise<Prepared> {
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
    warn(
      session,
      `--prompt names no column, so every row gets the same prompt; write ${example} where a cell belongs${hint}`,
    );
  }
  const body = tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
  return { ...asLines(body, after), input };
}

/** What every task made from a CSV row has in common. */
async function sharedFields(
  session: Session,
  options: TaskOptions,
): Promise<Record<string, unknown>> {
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
