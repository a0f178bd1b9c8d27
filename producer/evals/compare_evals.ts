/** Variants of two evaluations over the same rows, compared row by row. */
import { err, ok, type Result } from "../../shared/result.ts";
import type { EvalRow } from "../../shared/store/evals/evals.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { readShares } from "./eval_rows.ts";
import { type Comparison, compareShares } from "./report.ts";

export async function compareEvals(
  env: ProducerEnv,
  one: EvalRow,
  other: EvalRow,
): Promise<Result<Comparison[], Problem>> {
  const open = [one, other].find(({ status }) => status !== "finished");
  if (open !== undefined) {
    return err({
      kind: "conflict",
      message: `${open.id} is ${open.status}: compare it when it is finished`,
    });
  }
  if (one.rows_hash !== other.rows_hash) {
    const message = "the two evaluations have different rows: compare evaluations of the same rows";
    return err({ kind: "conflict", message });
  }
  const variants = await Promise.all([one, other].map((row) => sharesOf(env, row)));
  const [ours = [], theirs = []] = variants;
  return ok(compareShares(ours.flatMap((a) => theirs.map((b): [typeof a, typeof b] => [a, b]))));
}

/** Each variant under its name and its evaluation's id. */
async function sharesOf(env: ProducerEnv, row: EvalRow) {
  const names = JSON.parse(row.variants) as string[];
  return Promise.all(
    names.map(async (name, at) => ({
      name: `${name} (${row.id})`,
      shares: await readShares(env, row, at),
    })),
  );
}
