/** Grades outputs with programs, which only the consumer can run. */
import { evalLimits } from "../../../shared/limits.ts";
import type { ProducerEnv } from "../../env.ts";
import { gradeWithProgram } from "../../rpc_client.ts";

export interface ProgramScore {
  pass: boolean | null;
  score: number | null;
}

export type ScorePrograms = (
  code: string,
  cases: readonly { output: unknown; item: unknown }[],
) => Promise<ProgramScore[]>;

/** A case whose program fails, or that no consumer graded, has no grade. */
export const programScorer =
  (env: ProducerEnv): ScorePrograms =>
  async (code, cases) => {
    const scores: ProgramScore[] = [];
    for (let from = 0; from < cases.length; from += evalLimits.programCasesPerCall) {
      const page = cases.slice(from, from + evalLimits.programCasesPerCall);
      const texts = page.map(({ output, item }) => JSON.stringify({ output, row: item }));
      const reply = await gradeWithProgram(env, { code, cases: texts });
      scores.push(
        ...page.map((_, at) => {
          const score = reply?.scores[at] ?? null;
          return { score, pass: score === null ? null : score >= 1 };
        }),
      );
    }
    return scores;
  };
