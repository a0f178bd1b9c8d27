/** How far each judge can be believed: its verdicts on answers that people labelled. */
import { evalLimits } from "../../shared/limits.ts";
import type { ProducerEnv } from "../env.ts";
import type { EvalSpec } from "./eval_spec.ts";
import { type JudgeBatch, passAtDefault, readScores } from "./graders/verdicts.ts";
import type { JudgeReport } from "./report.ts";
import { calibrate } from "./statistics/agreement.ts";

export async function judgeReports(
  env: ProducerEnv,
  tenant: string,
  spec: EvalSpec,
  judges: readonly JudgeBatch[],
): Promise<JudgeReport[]> {
  const reports: JudgeReport[] = [];
  for (const [at, grader] of (spec.graders ?? []).entries()) {
    if (grader.kind !== "judge") continue;
    const labelled = judges.find((each) => each.grader === at && each.variant === null);
    const scores =
      labelled === undefined ? new Map() : await readScores(env, tenant, labelled.batch);
    const verdicts = (grader.calibration ?? []).flatMap(({ pass, group }, index) => {
      const score = scores.get(String(index)) as number | undefined;
      if (score === undefined) return [];
      const verdict = score >= (grader.pass_at ?? passAtDefault);
      return [{ expected: pass, verdict, group: group ?? null }];
    });
    reports.push({
      grader: at,
      model: grader.model,
      calibration: verdicts.length === 0 ? null : calibrate(verdicts),
      reported_as: verdicts.length >= evalLimits.calibrationRowsMin ? "accuracy" : "verdicts",
    });
  }
  return reports;
}
