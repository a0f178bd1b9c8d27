/** The batches of an evaluation's variants. Repeatable: each batch has an idempotency key of its own. */

import { batchTaskRange } from "../../shared/identity/ids.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { cancelBatch } from "../../shared/store/batches/batches.ts";
import { type EvalRow, markRunning } from "../../shared/store/evals/evals.ts";
import type { Principal } from "../auth/principal.ts";
import { acceptBatch } from "../batches/accept.ts";
import type { Entry } from "../batches/batch_input.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { buildCheckScope } from "../tasks/check/check_scope.ts";
import type { EvalSpec } from "./eval_spec.ts";
import { variantEntries } from "./variant_tasks.ts";

/** Either all variants have a batch afterwards, or none of them runs. The caller starts the batches. */
export async function startVariants(
  env: ProducerEnv,
  row: EvalRow,
  spec: EvalSpec,
  principal: Principal,
): Promise<Result<BatchRow[], Problem>> {
  const time = new Date(row.created_at).toISOString();
  const batches: BatchRow[] = [];
  for (const [at, variant] of spec.variants.entries()) {
    const entries = variantEntries(spec, variant, time);
    const accepted = await acceptEvalBatch(env, row, principal, {
      part: `variant-${at}`,
      spec,
      entries,
    });
    if (!accepted.ok) {
      for (const { id } of batches) await cancelBatch(env.DB, row.tenant, id, batchTaskRange(id));
      return accepted;
    }
    batches.push(accepted.value);
  }
  await markRunning(env.DB, row.id, JSON.stringify(batches.map(({ id }) => id)));
  return ok(batches);
}

/** One batch of an evaluation; the same part of the same evaluation is always the same batch. */
export async function acceptEvalBatch(
  env: ProducerEnv,
  row: EvalRow,
  principal: Principal,
  { part, spec, entries }: { part: string; spec: EvalSpec; entries: AsyncIterable<Entry> },
): Promise<Result<BatchRow, Problem>> {
  const accepted = await acceptBatch(
    env,
    {
      tenant: row.tenant,
      idempotencyKey: `${row.id}/${part}`,
      head: {
        defaults: {},
        labels: { ...spec.labels, eval: row.id },
        limits: spec.limits ?? {},
      },
      keyId: principal.key?.id ?? null,
      scopes: principal.scopes,
      entries,
    },
    buildCheckScope(env, principal),
  );
  return accepted.ok ? ok(accepted.value.row) : accepted;
}
