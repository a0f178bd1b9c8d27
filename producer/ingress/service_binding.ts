/**
 * The entrypoint for other Workers of the account, over a service binding. Callers reach every method of
 * the class, so all helpers are functions of the module. The tenant comes from the binding's props.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { isBatchId, isTaskId } from "../../shared/identity/ids.ts";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { readBatch } from "../../shared/store/batches/batches.ts";
import { readTask } from "../../shared/store/tasks/tasks.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { isTenant, type Principal, scopes } from "../auth/principal.ts";
import { jsonDepthMax as batchDepthMax, parseBatch } from "../batches/batch_body.ts";
import { batchView } from "../batches/batch_view.ts";
import { startBatch } from "../batches/start.ts";
import type { ProducerEnv } from "../env.ts";
import { jsonCopy } from "../http/json_text.ts";
import { type Detail, detailsOf, type Problem } from "../http/problem.ts";
import { resolveKey } from "../tasks/idempotency.ts";
import { submitBatch, submitTask } from "../tasks/submit.ts";
import { type TaskView, taskView } from "../tasks/task_view.ts";

/** The binding's `props`; without them the tenant is `default`. */
export interface FleetProps {
  tenant?: string;
}

/** A rejection is a value: a thrown error would lose its details over RPC. */
export type Submitted<View> =
  | { ok: true; fresh: boolean; value: View }
  | { ok: false; error: { code: string; message: string; details: Detail[] } };

export type BatchView = Record<string, unknown>;

/** The body of `POST /v1/batches`. */
export interface BatchToSubmit {
  tasks?: readonly DurableTask[];
  defaults?: DurableTask;
  labels?: Record<string, string>;
  limits?: { cost_usd?: number; tokens?: number };
  webhook?: { url: string; secret: string };
  after?: { batch: string; status?: string[] };
  template?: object;
}

/** The limits of the same bodies over HTTP. */
const taskSize = { bytesMax: taskLimits.bodyBytesMax, depthMax: taskLimits.jsonDepthMax };
const batchSize = { bytesMax: batchLimits.jsonBytesMax, depthMax: batchDepthMax };

export class Fleet extends WorkerEntrypoint<ProducerEnv, FleetProps> {
  async submit(task: DurableTask): Promise<Submitted<TaskView>> {
    const caller = callerOf(this.ctx.props);
    const body = jsonCopy(task, taskSize);
    if (!body.ok) return failure(body.error);
    const submission = await submitTask(this.env, caller, body.value, null);
    if (!submission.ok) return failure(submission.error);
    const { row, isNew } = submission.value;
    return { ok: true, fresh: isNew, value: taskView(row) };
  }

  async submitBatch(
    batch: BatchToSubmit,
    options: { idempotency_key?: string } = {},
  ): Promise<Submitted<BatchView>> {
    const key = resolveKey(options.idempotency_key ?? null, undefined);
    if (!key.ok) return failure(key.error);
    const value = jsonCopy(batch, batchSize);
    if (!value.ok) return failure(value.error);
    const body = parseBatch(value.value);
    if (!body.ok) return failure(body.error);
    const caller = callerOf(this.ctx.props);
    const submission = await submitBatch(this.env, caller, body.value, key.value);
    if (!submission.ok) return failure(submission.error);
    const { row, isNew } = submission.value;
    if (isNew) this.ctx.waitUntil(startBatch(this.env, row));
    return { ok: true, fresh: isNew, value: await batchView(this.env, row) };
  }

  /** A task or a batch of the tenant; null where there is none with this id. Writes nothing. */
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

/** Throws when the props name an invalid tenant: the caller's configuration must be fixed. */
function callerOf(props: FleetProps | undefined): Principal {
  const tenant = props?.tenant ?? "default";
  if (!isTenant(tenant))
    throw new Error("the binding's props have an invalid tenant: use a-z, 0-9, _ and -");
  return { tenant, scopes };
}

function failure(problem: Problem): Submitted<never> {
  const { kind: code, message } = problem;
  return { ok: false, error: { code, message, details: detailsOf(problem) } };
}
