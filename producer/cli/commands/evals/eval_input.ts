/** The evaluation that `fleet eval` creates: rows from the file, a variant for each prompt and model. */
import path from "node:path";
import type { EvalSpec, EvalVariant } from "../../../evals/eval_spec.ts";
import type { Grader } from "../../../evals/graders/grader.ts";
import { type CsvTable, delimiterHint, parseCsv, parseDelimiter } from "../../csv/csv_table.ts";
import { usageError } from "../../exit.ts";
import { parseJson, readJson, readText } from "../../input.ts";
import type { Session } from "../../session.ts";
import { type FieldOptions, readTaskFields } from "../batches/batch_options.ts";
import { parseExpectation } from "./expectation.ts";

export interface EvalOptions extends Omit<FieldOptions, "model"> {
  prompt?: string[];
  promptFile?: string[];
  model?: string[];
  expect?: string[];
  regex?: string;
  program?: string;
  judge?: string;
  rubric?: string;
  judgeLabels?: string;
  schema?: string;
  samples?: string;
  margin?: string;
  name?: string;
  maxCost?: string;
  delimiter?: string;
}

export async function readEvalSpec(
  session: Session,
  file: string,
  options: EvalOptions,
): Promise<EvalSpec> {
  const table = await readTable(session, file, options.delimiter);
  const { model: models = [], ...rest } = options;
  const template = await readTaskFields(session, rest);
  if (options.schema !== undefined) {
    template.output_schema = await readJson(options.schema, session.context);
  }
  const prompts = await readPrompts(session, options, table);
  return {
    ...(options.name === undefined ? {} : { name: options.name }),
    rows: recordsOf(table),
    template,
    variants: variantsOf(prompts, models),
    graders: await readGraders(session, options),
    ...numbersOf(options),
  };
}

async function readTable(
  session: Session,
  file: string,
  delimiter: string | undefined,
): Promise<CsvTable> {
  const text = await readText(file, session.context, { ignoreBOM: true });
  return parseCsv(text, delimiter === undefined ? null : parseDelimiter(delimiter));
}

const recordsOf = ({ columns, rows }: CsvTable): Record<string, string>[] =>
  rows.map(({ cells }) => Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? ""])));

interface NamedPrompt {
  name: string;
  prompt: string;
}

async function readPrompts(
  session: Session,
  { prompt = [], promptFile = [] }: EvalOptions,
  table: CsvTable,
): Promise<NamedPrompt[]> {
  const read: NamedPrompt[] = prompt.map((text, at) => ({
    name: `prompt ${at + 1}`,
    prompt: text,
  }));
  for (const file of promptFile) {
    const text = await readText(file, session.context);
    read.push({ name: path.basename(file, path.extname(file)), prompt: text.trimEnd() });
  }
  if (read.length === 0) {
    throw usageError(
      'an evaluation needs --prompt or --prompt-file, such as --prompt "Classify: {{subject}}"',
    );
  }
  return read.map(({ name, prompt: text }) => ({ name, prompt: withItems(text, table) }));
}

/** `{{column}}` is `{{item.column}}` of the API. */
function withItems(prompt: string, { columns, delimiter }: CsvTable): string {
  return prompt.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, name: string) => {
    if (columns.includes(name)) return `{{item.${name}}}`;
    const hint = delimiterHint(columns.join(delimiter), delimiter);
    throw usageError(
      `the prompt names {{${name}}}, but the columns are: ${columns.join(", ")}${hint}`,
    );
  });
}

/** Named by what differs between them. */
function variantsOf(prompts: readonly NamedPrompt[], models: readonly string[]): EvalVariant[] {
  const named = models.length === 0 ? [null] : [...new Set(models)];
  return prompts.flatMap(({ name, prompt }) =>
    named.map((model) => {
      const parts = [...(prompts.length > 1 ? [name] : []), ...(model === null ? [] : [model])];
      return { name: parts.join(" / ") || name, prompt, ...(model === null ? {} : { model }) };
    }),
  );
}

async function readGraders(session: Session, options: EvalOptions): Promise<Grader[]> {
  const { expect = [], regex, program, judge, rubric, judgeLabels } = options;
  const graders: Grader[] = expect.map(parseExpectation);
  if (regex !== undefined) graders.push(regexOf(regex));
  if (program !== undefined) {
    graders.push({ kind: "program", code: await readText(program, session.context) });
  }
  if (judge === undefined) {
    if (rubric === undefined && judgeLabels === undefined) return graders;
    throw usageError("--rubric and --judge-labels need --judge <model>");
  }
  if (rubric === undefined) throw usageError("--judge needs --rubric <text or @file>");
  graders.push({
    kind: "judge",
    model: judge,
    rubric: rubric.startsWith("@") ? await readText(rubric.slice(1), session.context) : rubric,
    ...(judgeLabels === undefined ? {} : { calibration: await readLabels(session, judgeLabels) }),
  });
  return graders;
}

function regexOf(text: string): Grader {
  const [, place = "", pattern = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (pattern === "") throw usageError(`--regex ${text}: write <output>=<pattern>`);
  return { kind: "regex", output: place.startsWith("/") ? place : `/${place}`, pattern };
}

/** A CSV file with the columns `output` and `pass`, and those of a row; `group` if there is one. */
async function readLabels(session: Session, file: string) {
  const table = await readTable(session, file, undefined);
  for (const column of ["output", "pass"]) {
    if (!table.columns.includes(column)) {
      throw usageError(`${file} needs the columns output and pass: "${column}" is missing`);
    }
  }
  return recordsOf(table).map(({ output = "", pass = "", group, ...item }, at) => {
    const isPass = /^(true|yes|1|pass)$/i.test(pass.trim());
    if (!isPass && !/^(false|no|0|fail)$/i.test(pass.trim())) {
      throw usageError(`${file}, row ${at + 1}: "pass" is "${pass}": write true or false`);
    }
    const value = /^[[{"]/.test(output.trim()) ? parseJson(output, file) : output;
    return {
      item,
      output: value,
      pass: isPass,
      ...(group === undefined || group === "" ? {} : { group }),
    };
  });
}

function numbersOf({ samples, margin, maxCost }: EvalOptions) {
  return {
    ...(samples === undefined ? {} : { samples: numberOption("--samples", samples) }),
    ...(margin === undefined ? {} : { margin: numberOption("--margin", margin) }),
    ...(maxCost === undefined ? {} : { limits: { cost_usd: numberOption("--max-cost", maxCost) } }),
  };
}

/** The API checks its range. */
export function numberOption(name: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw usageError(`${name} ${text}: write a number`);
}
