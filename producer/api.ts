/** The HTTP API: every route in one table, authenticated, with one place where problems become answers. */
import { type Context, Hono } from "hono";
import { logBug } from "../shared/log.ts";
import { ok, type Result } from "../shared/result.ts";
import { StoreFault } from "../shared/retrying.ts";
import { batchRoutes } from "./api/batches/handlers.ts";
import { egressRoutes } from "./api/egress/handlers.ts";
import { inboxRoutes } from "./api/inbox/handlers.ts";
import { inputRoutes } from "./api/inputs/handlers.ts";
import { keyRoutes } from "./api/keys/handlers.ts";
import { modelRoutes } from "./api/models/handlers.ts";
import * as operations from "./api/operations.ts";
import { flowRoutes } from "./api/pauses/handlers.ts";
import { policyRoutes } from "./api/policies/handlers.ts";
import { front, health } from "./api/root/handlers.ts";
import { scheduleRoutes } from "./api/schedules/handlers.ts";
import { spendRoutes } from "./api/spend/handlers.ts";
import { overviewRoutes } from "./api/stats/handlers.ts";
import { journalRoutes } from "./api/steps/handlers.ts";
import { taskRoutes } from "./api/tasks/handlers.ts";
import { toolRoutes } from "./api/tools/handlers.ts";
import { traceRoutes } from "./api/traces/handlers.ts";
import { webhookRoutes } from "./api/webhooks/handlers.ts";
import { authenticate, permit } from "./auth/auth.ts";
import type { Principal } from "./auth/principal.ts";
import { withinAllowance } from "./auth/rate_allowance.ts";
import type { ProducerEnv } from "./env.ts";
import { discardRest } from "./http/body.ts";
import { type OpenRoute, type Route, route } from "./http/call.ts";
import { documentOf } from "./http/openapi.ts";
import { isPage, page } from "./http/pages.ts";
import { type Problem, problemResponse } from "./http/problem.ts";
import { openAiProblem } from "./openai/problem.ts";
import { openAiRoutes } from "./openai/routes/index.ts";

/** Everything under /v1 and /openai/v1. A route that is not here does not exist. */
export const routes: readonly Route[] = [
  ...taskRoutes,
  ...traceRoutes,
  ...journalRoutes,
  ...egressRoutes,
  ...batchRoutes,
  ...flowRoutes,
  ...scheduleRoutes,
  ...inboxRoutes,
  ...webhookRoutes,
  ...inputRoutes,
  ...overviewRoutes,
  ...keyRoutes,
  ...modelRoutes,
  ...spendRoutes,
  ...toolRoutes,
  ...policyRoutes,
  ...openAiRoutes,
  route(operations.getOpenApiByKey, async () => ok(served())),
];

/** What stands beside them, for anyone. */
export const openRoutes: readonly OpenRoute[] = [
  { ...operations.getFront, answer: front },
  { ...operations.getHealth, answer: health },
  { ...operations.getOpenApi, answer: () => served() },
];

let documentText: string | undefined;

/** The document of this very table, made when it is first asked for. */
function served(): Response {
  documentText ??= JSON.stringify(documentOf([...openRoutes, ...routes]));
  return new Response(documentText, { headers: { "content-type": "application/json" } });
}

type ApiContext = Context<{ Bindings: ProducerEnv }>;

export const api = new Hono<{ Bindings: ProducerEnv }>();

for (const { method, path, answer } of openRoutes) {
  api.on(method, path, async (context) => (await shown(context)) ?? answer(context.env));
  api.all(path, (context) => wrongMethod(context, [method]));
}
for (const one of routes) api.on(one.method, one.path, (context) => answer(one, context));
for (const path of new Set(routes.map((one) => one.path))) {
  const allow = routes.filter((one) => one.path === path).map((one) => one.method);
  api.all(path, async (context) => (await unauthenticated(context)) ?? wrongMethod(context, allow));
}
for (const below of ["/v1/*", "/openai/v1/*"]) {
  api.all(below, async (context) => (await unauthenticated(context)) ?? nowhere(context));
}
api.get("*", async (context) => (await shown(context)) ?? nowhere(context));
api.notFound(nowhere);

api.onError((error, context) => {
  logBug("api", error);
  return refusal(
    context,
    error instanceof StoreFault
      ? { kind: "unavailable", message: "a store did not answer: send the request again shortly" }
      : { kind: "broken", message: "the fleet failed to answer: its log has the cause" },
  );
});

/** A page of the dashboard; null where the path is none, or a program asks for JSON alone. */
async function shown({ req, env }: ApiContext): Promise<Response | null> {
  const accept = req.header("accept") ?? "*/*";
  const taken = /\*\/\*|text\/|\*$/.test(accept) || !accept.includes("json");
  return taken && isPage(req.path) ? page(req.raw, env) : null;
}

async function answer(one: Route, context: ApiContext): Promise<Response> {
  const { raw } = context.req;
  const caller = await callerOf(one, raw, context.env);
  if (!caller.ok) return refusal(context, caller.error);
  const outcome = await one.handle({
    request: raw,
    url: new URL(context.req.url),
    env: context.env,
    principal: caller.value,
    param: (name) => context.req.param(name) ?? "",
    waitUntil: (work) => context.executionCtx.waitUntil(work),
  });
  if (outcome.ok) return outcome.value;
  await discardRest(raw);
  return refusal(context, outcome.error);
}

/** Who calls, if that caller may call this, and may call it now. */
async function callerOf(
  one: Route,
  request: Request,
  env: ProducerEnv,
): Promise<Result<Principal, Problem>> {
  const caller = await authenticate(request, env);
  const permitted = caller.ok ? permit(caller.value, one.scope) : caller;
  if (!permitted.ok) return permitted;
  const within = await withinAllowance(env, permitted.value, one);
  return within.ok ? permitted : within;
}

/** A stranger learns nothing of the API, not even which routes there are. */
async function unauthenticated(context: ApiContext): Promise<Response | null> {
  const caller = await authenticate(context.req.raw, context.env);
  return caller.ok ? null : refusal(context, caller.error);
}

/** Each shape has errors of its own. */
function refusal(context: ApiContext, problem: Problem): Response {
  const { pathname } = new URL(context.req.url);
  return pathname.startsWith("/openai/") ? openAiProblem(problem) : problemResponse(problem);
}

function nowhere(context: ApiContext): Response {
  return refusal(context, {
    kind: "not_found",
    message: "nothing stands at this path: the calls are listed in docs/api.md",
  });
}

function wrongMethod(context: ApiContext, allow: readonly string[]): Response {
  const problem: Problem = {
    kind: "method_not_allowed",
    message: `this path takes ${allow.join(" or ")}`,
    allow,
  };
  return refusal(context, problem);
}
