/**
 * Takes an evaluation one step further: its variants' batches are created, then answers that need a judge
 * get their verdicts, then everything is graded. Repeatable, because each part has one name.
 */
import { deleteObjects, getText, objectKeys } from "../../shared/files/objects.ts";
import { evalLimits, sweepLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import { readBatch } from "../../shared/store/batches/batches.ts";
import { withFinish } from "../../shared/store/batches/finishing.ts";
import { tallyBatch } from "../../shared/store/batches/tallies.ts";
import { queriesOf } from "../../shared/store/counted_database.ts";
import {
  type EvalRow,
  failEval,
  finishEval,
  markJudging,
  readEval,
  takeDueEvals,
} from "../../shared/store/evals/evals.ts";
import { deferredPrincipal, keyEndText } from "../auth/key_validity.ts";
import { ObjectWriter } from "../batches/object_writer.ts";
import { startBatch } from "../batches/start.ts";
import type { ProducerEnv } from "../env.ts";
import { detailsOf, type Problem } from "../http/problem.ts";
import type { EvalSpec } from "./eval_spec.ts";
import { gradeVariant } from "./grade_variant.ts";
import { programScorer } from "./graders/programs.ts";
import { type JudgeBatch, readVerdicts } from "./graders/verdicts.ts";
import { judgeReports } from "./judge_reports.ts";
import { buildReport, type GradedVariant } from "./report.ts";
import { startJudges } from "./start_judges.ts";
import { startVariants } from "./start_variants.ts";
import { VariantTally } from "./variant_summary.ts";

/** Every minute. Never throws. */
export async function advanceDueEvals(env: ProducerEnv): Promise<void> {
  // What the parts before it have left of the invocation's queries may not be enough.
  if (queriesOf(env.DB) >= sweepLimits.queriesMax) return;
  try {
    for (const row of await takeDueEvals(env.DB, evalLimits.takenPerTickMax))
      await advanceEval(env, row).catch(logFault);
  } catch (error) {
    logFault(error);
  }
}

/** One evaluation that cannot be read or graded must not hold up those of other tenants. */
const logFault = (error: unknown): void => logFailure("advance_evals", error);

/** The row afterwards. */
export async function advanceEval(env: ProducerEnv, row: EvalRow): Promise<EvalRow> {
  const spec = await readSpec(env, row);
  if (spec === null)
    await fail(env, row, { message: "the evaluation's rows are missing in R2: create it again" });
  else if (row.status === "starting") await start(env, row, spec);
  else if (row.status === "running") await judgeOrGrade(env, row, spec);
  else if (row.status === "judging") await gradeIfJudged(env, row, spec);
  return (await readEval(env.DB, row.tenant, row.id)) ?? row;
}

export async function readSpec(env: ProducerEnv, row: EvalRow): Promise<EvalSpec | null> {
  const text = await getText(env.OBJECTS, objectKeys.evalSpec(row.tenant, row.id));
  return text === null ? null : (JSON.parse(text) as EvalSpec);
}

const fail = (
  env: ProducerEnv,
  row: EvalRow,
  problem: Problem | { message: string },
): Promise<void> =>
  failEval(
    env.DB,
    row.id,
    JSON.stringify({
      message: problem.message,
      details: "kind" in problem ? detailsOf(problem) : [],
    }),
  );

async function start(env: ProducerEnv, row: EvalRow, spec: EvalSpec): Promise<void> {
  const principal = await deferredPrincipal(env, row);
  if (!principal.ok)
    return fail(env, row, { message: `the key ${row.key_id} ${keyEndText(principal.error)}` });
  const started = await startVariants(env, row, spec, principal.value);
  if (!started.ok) return fail(env, row, started.error);
  for (const batch of started.value) await startBatch(env, batch);
}

async function areFinished(
  env: ProducerEnv,
  tenant: string,
  ids: readonly string[],
): Promise<boolean> {
  for (const id of ids) {
    const batch = await readBatch(env.DB, tenant, id);
    // A batch that was removed has nothing left to wait for.
    if (batch !== null && withFinish(batch, await tallyBatch(env.DB, batch)).status !== "finished")
      return false;
  }
  return true;
}

const idsOf = (json: string): string[] => JSON.parse(json) as string[];

async function judgeOrGrade(env: ProducerEnv, row: EvalRow, spec: EvalSpec): Promise<void> {
  const batches = idsOf(row.batches);
  if (!(await areFinished(env, row.tenant, batches))) return;
  if (!(spec.graders ?? []).some(({ kind }) => kind === "judge")) return grade(env, row, spec);
  const principal = await deferredPrincipal(env, row);
  if (!principal.ok)
    return fail(env, row, { message: `the key ${row.key_id} ${keyEndText(principal.error)}` });
  const judges = await startJudges(env, row, spec, principal.value);
  if (!judges.ok) return fail(env, row, judges.error);
  await markJudging(env.DB, row.id, JSON.stringify(judges.value));
}

async function gradeIfJudged(env: ProducerEnv, row: EvalRow, spec: EvalSpec): Promise<void> {
  const judges = JSON.parse(row.judges) as JudgeBatch[];
  if (
    await areFinished(
      env,
      row.tenant,
      judges.map(({ batch }) => batch),
    )
  )
    await grade(env, row, spec);
}

async function grade(env: ProducerEnv, row: EvalRow, spec: EvalSpec): Promise<void> {
  const judges = JSON.parse(row.judges) as JudgeBatch[];
  const verdicts = await readVerdicts(env, row.tenant, spec, judges);
  const graders = { spec, programs: programScorer(env), verdicts };
  const graded: GradedVariant[] = [];
  for (const [index, batch] of idsOf(row.batches).entries()) {
    const tally = new VariantTally(row.samples);
    const writer = new ObjectWriter(
      env.OBJECTS,
      objectKeys.evalGrades(row.tenant, row.id, index),
      "application/x-ndjson",
    );
    try {
      for await (const each of gradeVariant(env, row.tenant, { index, batch }, graders)) {
        tally.add(each);
        await writer.write(new TextEncoder().encode(`${JSON.stringify(each)}\n`));
      }
      await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    graded.push({ name: spec.variants[index]?.name ?? "", batch_id: batch, tally });
  }
  const report = buildReport(spec, graded, await judgeReports(env, row.tenant, spec, judges));
  await finishEval(env.DB, row.id, JSON.stringify(report));
  log("eval_finished", { eval_id: row.id, tenant: row.tenant, rows: row.rows });
}

/** The rows, graders and grades. */
export const deleteEvalObjects = (env: ProducerEnv, row: EvalRow): Promise<void> =>
  deleteObjects(env.OBJECTS, [
    objectKeys.evalSpec(row.tenant, row.id),
    ...idsOf(row.variants).map((_, at) => objectKeys.evalGrades(row.tenant, row.id, at)),
  ]);
