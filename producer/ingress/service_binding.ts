/**
 * The entrypoint for other Workers of the account, over a service binding. Only what stands here as a
 * method can be called; everything else is in the module. The tenant comes from the binding's props.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { isBatchId, isTaskId } from "../../shared/ids.ts";
import { readBatch } from "../../shared/store/batches.ts";
import { readTask } from "../../shared/store/tasks.ts";
import type { DurableTask } from "../../shared/task.ts";
import { isTenant, type Principal, scopes } from "../auth/principal.ts";
import { batchOfValue } from "../batches/batch_body.ts";
import { batchView } from "../batches/batch_view.ts";
import { startBatch } from "../batches/chain.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { agreedKey } from "../tasks/idempotency.ts";
import { submitBatch, submitTask } from "../tasks/submit.ts";
import { type TaskView, taskView } from "../tasks/view.ts";

/** What the binding's `props` may say; without them the tenant is `default`. */
export interface FleetProps {
  tenant?: string;
}

/** A refusal is a value: a thrown error would lose its details on the way. */
export type Submitted<View> =
  | { ok: true; fresh: boolean; value: View }
  | { ok: false; error: { code: string; message: string; details: Detail[] } };

export type BatchView = Record<string, unknown>;

/** As the body of `POST /v1/batches`. */
export interface BatchToSubmit {
  tasks?: readonly DurableTask[];
  defaults?: DurableTask;
  labels?: Record<string, string>;
  limits?: { cost_usd?: number; tokens?: number };
  webhook?: { url: string; secret: string };
  after?: { batch: string; status?: string[] };
  template?: object;
}

export class Fleet extends WorkerEntrypoint<ProducerEnv, FleetProps> {
  async submit(task: DurableTask): Promise<Submitted<TaskView>> {
    const submitted = await submitTask(this.env, callerOf(this.ctx.props), task, null);
    if (!submitted.ok) return refusal(submitted.error);
    const { row, fresh } = submitted.value;
    return { ok: true, fresh, value: taskView(row) };
  }

  async submitBatch(
    batch: BatchToSubmit,
    options: { idempotency_key?: string } = {},
  ): Promise<Submitted<BatchView>> {
    const key = agreedKey(options.idempotency_key ?? null, undefined);
    if (!key.ok) return refusal(key.error);
    const body = batchOfValue(batch);
    if (!body.ok) return refusal(body.error);
    const caller = callerOf(this.ctx.props);
    const submitted = await submitBatch(this.env, caller, body.value, key.value);
    if (!submitted.ok) return refusal(submitted.error);
    const { row, fresh } = submitted.value;
    if (fresh) this.ctx.waitUntil(startBatch(this.env, row));
    return { ok: true, fresh, value: await batchView(this.env, row) };
  }

  /** A task or a batch of the tenant; null where there is none with this id. */
  async get(id: string): Promise<TaskView | BatchView | null> {
    const { tenant } = callerOf(this.ctx.props);
    if (isTaskId(id)) {
      const row = await readTask(this.env.DB, tenant, id);
      return row === null ? null : taskView(row);
    }
    const row = isBatchId(id) ? await readBatch(this.env.DB, tenant, id) : null;
    return row === null ? null : batchView(this.env, row);
  }
}

/** A tenant that is none is a fault of the caller's configuration, which it must hear of. */
function callerOf(props: FleetProps | undefined): Principal {
  const tenant = props?.tenant ?? "default";
  if (!isTenant(tenant)) throw new Error("the binding's props name no tenant: a-z, 0-9, _ and -");
  return { tenant, scopes };
}

function refusal(problem: Problem): Submitted<never> {
  const details = "details" in problem ? (problem.details ?? []) : [];
  return { ok: false, error: { code: problem.kind, message: problem.message, details } };
}
