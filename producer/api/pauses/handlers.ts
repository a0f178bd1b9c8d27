/** Pause and resume: of a batch, of a model, of the fleet. What runs goes on to the end of its slice. */
import { batchTaskRange } from "../../../shared/ids.ts";
import { err, ok } from "../../../shared/result.ts";
import { readBatch } from "../../../shared/store/batches.ts";
import {
  listPauses,
  pause,
  pauseBatch,
  resume,
  resumeBatch,
} from "../../../shared/store/pauses.ts";
import { operatorTenant } from "../../auth/principal.ts";
import { batchView } from "../../batches/batch_view.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { refusedAt } from "../../http/problem.ts";
import { sweep } from "../../sweep/sweep.ts";
import { isoTime } from "../../tasks/view.ts";
import { batchOf } from "../batches/handlers.ts";
import * as operations from "../operations.ts";

const pauseOne: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  const { id, tenant, status } = batch.value;
  if (status === "finished") {
    const message = "this batch is finished: there is nothing left to pause";
    return err({ kind: "conflict", message });
  }
  await pauseBatch(call.env.DB, tenant, id);
  const after = (await readBatch(call.env.DB, tenant, id)) ?? batch.value;
  return ok(Response.json(await batchView(call.env, after), { status: 202 }));
};

const resumeOne: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  const { id, tenant } = batch.value;
  await resumeBatch(call.env.DB, tenant, id, batchTaskRange(id));
  call.waitUntil(sweep(call.env));
  const after = (await readBatch(call.env.DB, tenant, id)) ?? batch.value;
  return ok(Response.json(await batchView(call.env, after), { status: 202 }));
};

async function paused({ env }: Call, status: number): Promise<Response> {
  const pauses = await listPauses(env.DB);
  const fleet = pauses.find(({ name }) => name === "fleet");
  const models = pauses
    .filter(({ name }) => name.startsWith("model "))
    .map(({ name, paused_at: at }) => ({ model: name.slice("model ".length), since: isoTime(at) }));
  const since = fleet === undefined ? null : isoTime(fleet.paused_at);
  return Response.json({ paused: fleet !== undefined, since, models }, { status });
}

const list: Handler = async (call) => ok(await paused(call, 200));

const sharedByAll = {
  kind: "forbidden",
  message: `the fleet and its models are shared by all tenants: only an admin of the tenant ${operatorTenant} pauses them`,
} as const;

/** A handler that pauses or resumes the fleet, or the model that the path names. */
const turn =
  (act: (db: D1Database, name: string) => Promise<void>, of: "fleet" | "model"): Handler =>
  async (call) => {
    if (call.principal.tenant !== operatorTenant) return err(sharedByAll);
    const id = call.param("id");
    if (of === "model" && !/^[\x21-\x7e]{1,200}$/.test(id)) {
      return err(refusedAt("id", "write a model's id, percent-encoded"));
    }
    await act(call.env.DB, of === "fleet" ? "fleet" : `model ${id}`);
    if (act === resume) call.waitUntil(sweep(call.env));
    return ok(await paused(call, 202));
  };

export const flowRoutes: readonly Route[] = [
  route(operations.pauseBatch, pauseOne),
  route(operations.resumeBatch, resumeOne),
  route(operations.pauseModel, turn(pause, "model")),
  route(operations.resumeModel, turn(resume, "model")),
  route(operations.getPauses, list),
  route(operations.pauseFleet, turn(pause, "fleet")),
  route(operations.resumeFleet, turn(resume, "fleet")),
];
