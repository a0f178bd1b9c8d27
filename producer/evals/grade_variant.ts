/** Grades the finished batch of one variant, a page of tasks at a time. */
import { evalLimits } from "../../shared/limits.ts";
import { readUsage } from "../../shared/spend/usage.ts";
import type { ProducerEnv } from "../env.ts";
import { type Answered, readAnswers } from "./answers.ts";
import { type EvalSpec, tryAt } from "./eval_spec.ts";
import type { GradedRow, GradedTry } from "./graded_try.ts";
import { gradeOutput } from "./graders/grade.ts";
import type { ScorePrograms } from "./graders/programs.ts";
import type { Verdicts } from "./graders/verdicts.ts";

/** How the outputs that cannot be graded here are graded. */
export interface Graders {
  spec: EvalSpec;
  programs: ScorePrograms;
  verdicts: Verdicts;
}

/** The rows of a variant in order. A row whose tasks are gone is missing. */
export async function* gradeVariant(
  env: ProducerEnv,
  tenant: string,
  variant: { index: number; batch: string },
  graders: Graders,
): AsyncGenerator<GradedRow> {
  const { samples = 1 } = graders.spec;
  let open: GradedRow | null = null;
  for await (const answers of readAnswers(env, tenant, variant.batch)) {
    const scores = await scoresOf(answers, variant.index, graders);
    for (const [at, answer] of answers.entries()) {
      const { row } = tryAt(answer.index, samples);
      if (open !== null && open.row !== row) yield open;
      if (open === null || open.row !== row) open = { row, tries: [] };
      open.tries.push(gradedTry(answer, scores[at] ?? []));
    }
  }
  if (open !== null) yield open;
}

type Scores = { pass: boolean | null; score: number | null }[];

/** For each answer, the grade of each grader. */
async function scoresOf(
  answers: readonly Answered[],
  variant: number,
  { spec, programs, verdicts }: Graders,
): Promise<Scores[]> {
  const { samples = 1, graders = [] } = spec;
  const scores: Scores[] = answers.map(() => []);
  for (const [at, grader] of graders.entries()) {
    const ran =
      grader.kind === "program"
        ? await programs(
            grader.code,
            answers.map(({ output, index }) => ({
              output,
              item: spec.rows[tryAt(index, samples).row],
            })),
          )
        : null;
    for (const [place, { task, index, output }] of answers.entries()) {
      const { row, sample } = tryAt(index, samples);
      const found =
        task.status !== "succeeded"
          ? { pass: false, score: 0 }
          : grader.kind === "program"
            ? (ran?.[place] ?? { pass: null, score: null })
            : grader.kind === "judge"
              ? verdicts(at, { variant, row, sample })
              : gradeOutput(grader, spec.rows[row], output);
      scores[place]?.push(found);
    }
  }
  return scores;
}

function gradedTry({ task, output }: Answered, scores: Scores): GradedTry {
  const usage = readUsage(task.usage);
  const isRight = scores.every(({ pass }) => pass === true);
  const isOpen =
    scores.some(({ pass }) => pass === null) && !scores.some(({ pass }) => pass === false);
  const { started_at, finished_at } = task;
  return {
    task_id: task.id,
    status: task.status,
    reason: task.reason,
    output: cut(output),
    pass: isOpen ? null : isRight && task.status === "succeeded",
    scores: scores.map(({ score }) => score),
    cost_usd: usage.cost_usd,
    tokens: usage.prompt_tokens + usage.completion_tokens,
    latency_ms: started_at === null || finished_at === null ? null : finished_at - started_at,
  };
}

/** The whole output is graded; of a long one the start of its JSON text is kept. */
function cut(output: unknown): unknown {
  const text = JSON.stringify(output) ?? "null";
  return text.length <= evalLimits.outputCharsKept
    ? output
    : `${text.slice(0, evalLimits.outputCharsKept)}…`;
}
