/** Accepting an evaluation: its spec whole in R2, its row in D1, then one batch for each variant. */
import { deleteObjects, objectKeys, putOnce, sha256Hex } from "../../shared/files/objects.ts";
import { newEvalId } from "../../shared/identity/ids.ts";
import { StoreFault } from "../../shared/platform/retries.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import {
  deleteEval,
  type EvalRow,
  findEvalByKey,
  insertEval,
  readEval,
} from "../../shared/store/evals/evals.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import type { Principal } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { type Accepted, keyConflict } from "../tasks/accept.ts";
import { loadCheckScope } from "../tasks/check/check_scope.ts";
import type { EvalSpec } from "./eval_spec.ts";
import { findSpecFaults } from "./spec_faults.ts";
import { startVariants } from "./start_variants.ts";

/** `batches` are to be started. */
export interface AcceptedEval extends Accepted<EvalRow> {
  batches: BatchRow[];
}

export async function createEval(
  env: ProducerEnv,
  principal: Principal,
  spec: EvalSpec,
  idempotencyKey: string | null,
): Promise<Result<AcceptedEval, Problem>> {
  const details = await findSpecFaults(spec, await loadCheckScope(env, principal));
  const [first] = details;
  if (first !== undefined) {
    const message = `the evaluation is invalid: ${first.path} ${first.message}`;
    return err({ kind: "refused", message, details });
  }
  const { tenant } = principal;
  const id = newEvalId();
  const key = objectKeys.evalSpec(tenant, id);
  const hash = await hashOf(spec);
  await putOnce(env.OBJECTS, key, JSON.stringify(spec), "application/json");
  await insertEval(env.DB, {
    id,
    tenant,
    name: spec.name ?? null,
    idempotency_key: idempotencyKey,
    body_hash: hash,
    rows_hash: await hashOf(spec.rows),
    rows: spec.rows.length,
    samples: spec.samples ?? 1,
    variants: JSON.stringify(spec.variants.map(({ name }) => name)),
    scopes: JSON.stringify(principal.scopes),
    key_id: principal.key?.id ?? null,
  });
  // An insert whose reply was lost is repeated and finds its own row.
  const row = await readEval(env.DB, tenant, id);
  if (row === null) {
    await deleteObjects(env.OBJECTS, [key]);
    return findEarlier(env, tenant, idempotencyKey, hash);
  }
  const started = await startVariants(env, row, spec, principal);
  if (started.ok) {
    const current = (await readEval(env.DB, tenant, id)) ?? row;
    return ok({ row: current, isNew: true, batches: started.value });
  }
  await deleteEval(env.DB, tenant, id);
  await deleteObjects(env.OBJECTS, [key]);
  return started;
}

async function findEarlier(
  env: ProducerEnv,
  tenant: string,
  key: string | null,
  hash: string,
): Promise<Result<AcceptedEval, Problem>> {
  const row = key === null ? null : await findEvalByKey(env.DB, tenant, key);
  if (row === null) throw new StoreFault("an evaluation is missing after its insert");
  return row.body_hash === hash ? ok({ row, isNew: false, batches: [] }) : err(keyConflict(row.id));
}

const hashOf = (value: unknown): Promise<string> =>
  sha256Hex(new TextEncoder().encode(canonicalJson(value)));
