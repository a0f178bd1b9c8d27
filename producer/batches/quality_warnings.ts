/** Limits of a task that are too small for its checks and samples: it would be accepted, and then fail. Pure. */
import { budgetDefaults } from "../../shared/limits.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { Detail } from "../http/problem.ts";

/** Each sample needs a call for its answer and one for each judge, and a step for each of them and each check. */
export function qualityWarnings({
  checks = [],
  samples,
  limits,
  sampling,
}: Pick<DurableTask, "checks" | "samples" | "limits" | "sampling">): Detail[] {
  const judges = checks.filter((check) => "judge" in check).length;
  const runs = samples?.count ?? 1;
  const needed = { model_calls: runs * (1 + judges), steps: runs * (1 + checks.length) };
  const bounds = { ...budgetDefaults, ...limits };
  const details = (["model_calls", "steps"] as const).flatMap((name) =>
    bounds[name] >= needed[name]
      ? []
      : [
          {
            path: `limits.${name}`,
            message: `is ${bounds[name]} over all samples, and ${runs === 1 ? "one answer" : `${runs} answers`} with checks need at least ${needed[name]}: write a larger limit`,
          },
        ],
  );
  if (samples !== undefined && sampling?.temperature === 0) {
    const message = "is 0, so the samples may all be the same answer: leave it out, or raise it";
    details.push({ path: "sampling.temperature", message });
  }
  return details;
}
