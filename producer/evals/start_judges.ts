/** The batches in which judges give their verdicts. Repeatable, as those of the variants. */
import { ok, type Result } from "../../shared/result.ts";
import type { EvalRow } from "../../shared/store/evals/evals.ts";
import type { Principal } from "../auth/principal.ts";
import { startBatch } from "../batches/start.ts";
import type { ProducerEnv } from "../env.ts";
import { detailsOf, type Problem } from "../http/problem.ts";
import type { EvalSpec } from "./eval_spec.ts";
import type { GraderOf } from "./graders/grader.ts";
import { calibrationEntries, type JudgeBatch, verdictEntries } from "./graders/verdicts.ts";
import { acceptEvalBatch } from "./start_variants.ts";

export async function startJudges(
  env: ProducerEnv,
  row: EvalRow,
  spec: EvalSpec,
  principal: Principal,
): Promise<Result<JudgeBatch[], Problem>> {
  const judges: JudgeBatch[] = [];
  for (const { grader, variant, entries } of partsOf(env, row, spec)) {
    const part = `judge-${grader}-${variant ?? "labelled"}`;
    const accepted = await acceptEvalBatch(env, row, principal, { part, spec, entries });
    // A variant without any valid answer has nothing to judge.
    if (!accepted.ok && detailsOf(accepted.error).some(({ path }) => path === "tasks")) continue;
    if (!accepted.ok) return accepted;
    judges.push({ grader, variant, batch: accepted.value.id });
    await startBatch(env, accepted.value);
  }
  return ok(judges);
}

/** For each judge: the answers of each variant, and those that people labelled. */
function partsOf(env: ProducerEnv, row: EvalRow, spec: EvalSpec) {
  const batches = JSON.parse(row.batches) as string[];
  const judges = (spec.graders ?? []).flatMap((judge, grader) =>
    judge.kind === "judge" ? [{ grader, judge }] : [],
  );
  return judges.flatMap(({ grader, judge }) => [
    ...batches.map((batch, variant) => ({
      ...{ grader, variant },
      entries: verdictEntries(env, row.tenant, { spec, judge, batch }),
    })),
    ...labelledParts(grader, judge),
  ]);
}

const labelledParts = (grader: number, judge: GraderOf<"judge">) =>
  judge.calibration === undefined || judge.calibration.length === 0
    ? []
    : [{ grader, variant: null, entries: calibrationEntries(judge) }];
