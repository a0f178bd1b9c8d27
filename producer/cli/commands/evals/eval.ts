import { createHash, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { canonicalJson } from "../../../../shared/text/canonical_json.ts";
import type { EvalResponse } from "../../../api/evals/responses.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { cannotWrite, mustBeWritable } from "../../csv/results_file.ts";
import { CommandError, type ExitCode, exit, unwrap } from "../../exit.ts";
import { countText } from "../../output/format.ts";
import { printableLine } from "../../output/printable.ts";
import type { Session } from "../../session.ts";
import { poll } from "../../watch/poll.ts";
import { addOtherFieldOptions } from "../batches/batch_options.ts";
import { collect } from "../repeatable_option.ts";
import { type EvalOptions, numberOption, readEvalSpec } from "./eval_input.ts";
import { differenceTable, fetchRows, rowsCsv } from "./eval_rows.ts";
import { reportText } from "./eval_text.ts";

interface Options extends EvalOptions {
  failUnder?: string;
  again?: boolean;
  output?: string;
}

export function addEval(program: Command, bind: Bind): void {
  const command = program
    .command("eval <file>")
    .description(
      "evaluate prompts and models on labelled rows: a CSV file with a column for the right answer",
    )
    .option("--prompt <text>", "a prompt with {{column}}; repeat it to compare prompts", collect)
    .option("--prompt-file <file>", "a prompt from a file; can be repeated", collect)
    .option(
      "--expect <output=column[:kind]>",
      "what must be right, such as label, answer=label:text or price=price:number~0.01; can be repeated. Without it, only the agreement of the variants is measured",
      collect,
    )
    .option("--regex <output=pattern>", "a pattern (RE2) that the output must match")
    .option("--program <file>", "a program that grades: the body of a function of output and row")
    .option("--judge <model>", "a model that judges the answers")
    .option("--rubric <text|@file>", "what the judge judges by")
    .option(
      "--judge-labels <file>",
      "answers that people judged (columns output and pass), to measure the judge",
    )
    .option("--model <id>", "a model; repeat it to compare models", collect)
    .option("--schema <file>", "the JSON Schema of each output")
    .option("--samples <n>", "how often each row is tried, for pass^1 to pass^n")
    .option(
      "--margin <share>",
      "show whether the others are no worse than the first by this much, such as 0.03",
    )
    .option(
      "--fail-under <share>",
      "exit with 1 if the accuracy of a variant is lower, such as 0.9",
    )
    .option("--name <text>", "a name of the evaluation")
    .option("--max-cost <usd>", "the dollars that each variant may cost")
    .option("--delimiter <character>", 'CSV column separator, such as ";" or tab')
    .option("--again", "run it again, although the same was run before")
    .option("-o, --output <file>", "write every row with all answers to a .csv file");
  addOtherFieldOptions(command, "any other fields of each task, as JSON or in a file");
  command.action(
    bind(async (session, file: string, options: Options) => {
      if (options.output !== undefined) await mustBeWritable(options.output);
      const under = options.failUnder;
      const least = under === undefined ? null : numberOption("--fail-under", under);
      const spec = await readEvalSpec(session, file, options);
      const key = options.again === true ? randomUUID() : keyOf(spec);
      const created = unwrap(
        await session.client()("POST /v1/evals", { ...jsonBody(spec), idempotencyKey: key }),
      );
      if (!session.json) session.print(createdText(created));
      const finished = await waitFor(session, created.id);
      return show(session, finished, least, options.output);
    }),
  );
}

const keyOf = (spec: object): string =>
  `cli-${createHash("sha256").update(canonicalJson(spec)).digest("hex")}`;

const createdText = ({ id, rows, samples, variants }: EvalResponse): string =>
  `${id}: ${countText(rows, "row")} × ${countText(variants.length, "variant")}${samples > 1 ? ` × ${samples} samples` : ""}`;

/** Grades as soon as its batches are finished; the fleet itself looks once a minute. */
async function waitFor(session: Session, id: string): Promise<EvalResponse> {
  const removeHandler = session.context.onInterrupt(() =>
    session.context.warn(`${id} continues. See its report: fleet evals show ${id}\n`),
  );
  const finished = await poll({
    session,
    fleetState: "reachable",
    read: () => session.client()("POST /v1/evals/:id/grade", { id }),
    onValue: () => {},
    isFinished: ({ status }) => status === "finished" || status === "failed",
    note: (text) => session.context.warn(`${text}\n`),
  }).finally(removeHandler);
  if (finished.error === null) return finished;
  throw new CommandError(
    exit.failed,
    printableLine(`${id} failed: ${finished.error.message}`, 500),
  );
}

/** Prints the report and the rows that differ. Exit code 1 if a variant is below `least`. */
export async function show(
  session: Session,
  evaluation: EvalResponse,
  least: number | null = null,
  output?: string,
): Promise<ExitCode> {
  const { id, report } = evaluation;
  if (session.json) session.printJson(evaluation);
  else {
    session.context.write(`${reportText(evaluation, session.context)}\n`);
    const differing = (report?.variants.length ?? 0) > 1 ? await fetchRows(session, id, true) : [];
    if (differing.length > 0) {
      session.print(`\nRows on which the variants differ: ${differing.length}`);
      session.context.write(`${differenceTable(differing.slice(0, 10), session.context)}\n`);
    }
  }
  if (output !== undefined) {
    const text = rowsCsv(await fetchRows(session, id, false));
    await writeFile(output, text).catch((error: unknown) => {
      throw cannotWrite(output, error);
    });
  }
  const low = (report?.variants ?? []).filter(({ accuracy }) => least !== null && accuracy < least);
  for (const { name, accuracy } of low) {
    session.context.warn(
      `${printableLine(name, 200)}: accuracy ${accuracy.toFixed(3)} is under ${least}\n`,
    );
  }
  return low.length === 0 ? exit.ok : exit.failed;
}
