/** Pause and resume of the fleet and of models. Running slices end normally. */
import { err, ok } from "../../../shared/result.ts";
import { listPauses, pause, resume } from "../../../shared/store/flow/pauses.ts";
import { operatorTenant } from "../../auth/principal.ts";
import { invalidField } from "../../http/problem.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { sweep } from "../../sweep/sweep.ts";
import { isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { PauseResponse } from "./responses.ts";

async function pausesResponse({ env }: RequestContext, status: number): Promise<Response> {
  const pauses = await listPauses(env.DB);
  const fleet = pauses.find(({ name }) => name === "fleet");
  const models = pauses
    .filter(({ name }) => name.startsWith("model "))
    .map(({ name, paused_at: at }) => ({ model: name.slice("model ".length), since: isoTime(at) }));
  const since = fleet === undefined ? null : isoTime(fleet.paused_at);
  const body: PauseResponse = { paused: fleet !== undefined, since, models };
  return Response.json(body, { status });
}

const handleGetPauses: Handler = async (context) => ok(await pausesResponse(context, 200));

const notOperator = {
  kind: "forbidden",
  message: `all tenants share the fleet and its models: use an admin key of the tenant ${operatorTenant}`,
} as const;

/** A handler that pauses or resumes the fleet, or the model in the path. */
const changePause =
  (change: typeof pause | typeof resume, target: "fleet" | "model"): Handler =>
  async (context) => {
    if (context.principal.tenant !== operatorTenant) return err(notOperator);
    const id = context.param("id");
    if (target === "model" && !/^[\x21-\x7e]{1,200}$/.test(id)) {
      return err(invalidField("id", "invalid model id: use 1 to 200 characters, percent-encoded"));
    }
    await change(context.env.DB, target === "fleet" ? "fleet" : `model ${id}`);
    if (change === resume) context.waitUntil(sweep(context.env));
    return ok(await pausesResponse(context, 202));
  };

export const pauseRoutes: readonly Route[] = [
  route(operations.pauseModel, changePause(pause, "model")),
  route(operations.resumeModel, changePause(resume, "model")),
  route(operations.getPauses, handleGetPauses),
  route(operations.pauseFleet, changePause(pause, "fleet")),
  route(operations.resumeFleet, changePause(resume, "fleet")),
];
