import { randomUUID } from "node:crypto";
import path from "node:path";
import type { Command } from "commander";
import type { Called } from "../client.ts";
import { tasksOfCsv } from "../csv-tasks.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { count } from "../figures.ts";
import { fileBytes, inputText, jsonFile } from "../input.ts";
import type { Bind } from "../program.ts";
import { formatOf, writeResults } from "../results-file.ts";
import type { Session } from "../session.ts";
import { watchBatch } from "../watching.ts";
import type { BatchAnswer } from "../wire.ts";

interface Options {
  prompt?: string;
  schema?: string;
  model?: string;
  policy?: string;
  file: string[];
  idempotencyKey?: string;
  watch?: boolean;
  output?: string;
}

export function addSubmit(program: Command, bind: Bind): void {
  program
    .command("submit <file>")
    .description(
      "submit a batch: .jsonl with a task a line, .json with {tasks}, .csv with --prompt, or - for stdin",
    )
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
        if (options.output !== undefined) formatOf(options.output);
        const batch = required(await send(session, file, options));
        const following = options.watch === true || options.output !== undefined;
        if (session.json) session.emit(batch);
        else session.say(`${batch.id}: ${count(batch.counts.total)} tasks accepted`);
        if (!following) {
          if (!session.json) session.say(`follow it with fleet watch ${batch.id}`);
          return exit.done;
        }
        const code = await watchBatch(session, batch.id);
        if (options.output !== undefined) {
          const lines = required(await session.client().results(batch.id));
          await writeResults(options.output, lines);
          if (!session.json) session.say(`${lines.length} results in ${options.output}`);
        } else if (!session.json) {
          session.say(`the results: fleet results ${batch.id}`);
        }
        return code;
      }),
    );
}

/** Reads and sends the file in the form that its name says. */
async function send(
  session: Session,
  file: string,
  options: Options,
): Promise<Called<BatchAnswer>> {
  const client = session.client();
  const key = options.idempotencyKey ?? randomUUID();
  const isCsv =
    path.extname(file).toLowerCase() === ".csv" || (file === "-" && options.prompt !== undefined);
  if (!isCsv) {
    const extra = (["prompt", "schema", "model", "policy"] as const).find(
      (name) => options[name] !== undefined,
    );
    if (extra !== undefined || options.file.length > 0) {
      throw wrongUsage(`--${extra ?? "file"} is for CSV: in a .jsonl file each task holds its own`);
    }
    const text = await inputText(file, session.surroundings);
    if (path.extname(file).toLowerCase() === ".json") return await client.submitBatch(text, key);
    if (text.trim() === "")
      throw wrongUsage(`${file} is empty: write one task per line, such as {"prompt": "…"}`);
    return await client.submitLines(text, key);
  }
  if (options.prompt === undefined) {
    throw wrongUsage('a CSV file needs --prompt, such as --prompt "Classify: {{subject}}"');
  }
  const tasks = tasksOfCsv(
    await inputText(file, session.surroundings),
    options.prompt,
    await sharedFields(session, options),
  );
  return await client.submitLines(tasks.map((task) => `${JSON.stringify(task)}\n`).join(""), key);
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
