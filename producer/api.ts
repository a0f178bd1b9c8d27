/** The HTTP API: all routes, authentication, and the one place where problems become responses. */
import { type Context, Hono } from "hono";
import { logBug } from "../shared/platform/log.ts";
import { DatabaseFull, StoreFault } from "../shared/platform/retries.ts";
import { ok, type Result } from "../shared/result.ts";
import { approvalRoutes } from "./api/approvals/handlers.ts";
import { batchRoutes } from "./api/batches/handlers.ts";
import { catalogRoutes } from "./api/catalog/handlers.ts";
import { egressRoutes } from "./api/egress/handlers.ts";
import { evalRoutes } from "./api/evals/handlers.ts";
import { inboxRoutes } from "./api/inbox/handlers.ts";
import { inputRoutes } from "./api/inputs/handlers.ts";
import { keyRoutes } from "./api/keys/handlers.ts";
import * as operations from "./api/operations.ts";
import { pauseRoutes } from "./api/pauses/handlers.ts";
import { restoreRoutes } from "./api/restores/handlers.ts";
import { scheduleRoutes } from "./api/schedules/handlers.ts";
import { respondHealth, respondLlmsText, respondRoot } from "./api/service/handlers.ts";
import { statsRoutes } from "./api/stats/handlers.ts";
import { taskRoutes } from "./api/tasks/handlers.ts";
import { tenantRoutes } from "./api/tenants/handlers.ts";
import { traceRoutes } from "./api/traces/handlers.ts";
import { journalRoutes } from "./api/traces/journal_handlers.ts";
import { webhookRoutes } from "./api/webhooks/handlers.ts";
import { authenticate, requireScope } from "./auth/authenticate.ts";
import type { Principal } from "./auth/principal.ts";
import { checkRateLimit } from "./auth/rate_limit.ts";
import type { ProducerEnv } from "./env.ts";
import { discardRest } from "./http/body.ts";
import { openApiDocument } from "./http/openapi.ts";
import { isDashboardPath, servePage } from "./http/pages.ts";
import { type Problem, problemResponse } from "./http/problem.ts";
import { type OpenRoute, type Route, route } from "./http/route.ts";
import { openAiProblemResponse } from "./openai/error_response.ts";
import { openAiRoutes } from "./openai/routes.ts";

/** Everything under /v1 and /openai/v1. */
export const routes: readonly Route[] = [
  ...taskRoutes,
  ...traceRoutes,
  ...journalRoutes,
  ...egressRoutes,
  ...batchRoutes,
  ...pauseRoutes,
  ...restoreRoutes,
  ...tenantRoutes,
  ...scheduleRoutes,
  ...approvalRoutes,
  ...evalRoutes,
  ...inboxRoutes,
  ...webhookRoutes,
  ...inputRoutes,
  ...statsRoutes,
  ...keyRoutes,
  ...catalogRoutes,
  ...openAiRoutes,
  route(operations.getOpenApiByKey, async () => ok(respondOpenApi())),
];

/** The routes that need no key. */
export const openRoutes: readonly OpenRoute[] = [
  { ...operations.getRoot, respond: respondRoot },
  { ...operations.getHealth, respond: respondHealth },
  { ...operations.getLlmsText, respond: respondLlmsText },
  { ...operations.getOpenApi, respond: () => respondOpenApi() },
];

let documentText: string | undefined;

/** Built from these routes at the first request. */
function respondOpenApi(): Response {
  documentText ??= JSON.stringify(openApiDocument([...openRoutes, ...routes]));
  return new Response(documentText, { headers: { "content-type": "application/json" } });
}

type ApiContext = Context<{ Bindings: ProducerEnv }>;

export const api = new Hono<{ Bindings: ProducerEnv }>();

for (const { method, path, respond } of openRoutes) {
  api.on(method, path, async (context) => (await dashboardPage(context)) ?? respond(context.env));
  api.all(path, (context) => methodNotAllowed(context, [method]));
}
for (const each of routes) api.on(each.method, each.path, (context) => handle(each, context));
for (const path of new Set(routes.map((each) => each.path))) {
  const allow = routes.filter((each) => each.path === path).map((each) => each.method);
  api.all(path, (context) => whenAuthenticated(context, () => methodNotAllowed(context, allow)));
}
api.all("/mcp", async (context) => {
  const caller = await authenticate(context.req.raw, context.env);
  if (!caller.ok) return reject(context, caller.error);
  // Loaded only here: the other calls start without it.
  const { respondMcp } = await import("./agents/mcp_endpoint.ts");
  const response = await respondMcp(context.req.raw, async (request) =>
    api.fetch(request, context.env, context.executionCtx),
  );
  return response.ok ? response.value : reject(context, response.error);
});
for (const prefix of ["/v1/*", "/openai/v1/*"]) {
  api.all(prefix, (context) => whenAuthenticated(context, () => noSuchRoute(context)));
}
api.get("*", async (context) => (await dashboardPage(context)) ?? noSuchRoute(context));
api.notFound(noSuchRoute);

api.onError((error, context) => {
  logBug("api", error);
  return reject(context, thrownProblem(error));
});

function thrownProblem(error: unknown): Problem {
  if (error instanceof DatabaseFull) return { kind: "unavailable", message: error.message };
  return error instanceof StoreFault
    ? { kind: "unavailable", message: "a store does not answer: send the request again soon" }
    : { kind: "broken", message: "internal error; see the producer's log" };
}

/** A page of the dashboard; null if the path is not one, or the client accepts only JSON. */
async function dashboardPage({ req, env }: ApiContext): Promise<Response | null> {
  const accept = req.header("accept") ?? "*/*";
  const acceptsPage = /\*\/\*|text\/|\*$/.test(accept) || !accept.includes("json");
  return acceptsPage && isDashboardPath(req.path) ? servePage(req.raw, env) : null;
}

async function handle(route: Route, context: ApiContext): Promise<Response> {
  const { raw } = context.req;
  const caller = await authorize(route, raw, context.env);
  if (!caller.ok) return reject(context, caller.error);
  const response = await route.handle({
    request: raw,
    url: new URL(context.req.url),
    env: context.env,
    principal: caller.value,
    param: (name) => context.req.param(name) ?? "",
    waitUntil: (work) => context.executionCtx.waitUntil(work),
  });
  if (response.ok) return response.value;
  await discardRest(raw);
  return reject(context, response.error);
}

/** The caller, if the key has the route's scope and is within its rate limit. */
async function authorize(
  route: Route,
  request: Request,
  env: ProducerEnv,
): Promise<Result<Principal, Problem>> {
  const caller = await authenticate(request, env);
  if (!caller.ok) return caller;
  const scopeCheck = requireScope(caller.value, route.scope);
  // Calls that are forbidden count too: a key cannot try routes for free.
  const rateCheck = await checkRateLimit(env, caller.value, scopeCheck.ok ? route : {});
  return rateCheck.ok ? scopeCheck : rateCheck;
}

/** Without a valid key a caller learns nothing, not even which routes exist. */
async function whenAuthenticated(context: ApiContext, respond: () => Response): Promise<Response> {
  const caller = await authenticate(context.req.raw, context.env);
  if (!caller.ok) return reject(context, caller.error);
  const rateCheck = await checkRateLimit(context.env, caller.value, {});
  return rateCheck.ok ? respond() : reject(context, rateCheck.error);
}

/** The OpenAI-compatible routes have their own error format. */
function reject(context: ApiContext, problem: Problem): Response {
  const { pathname } = new URL(context.req.url);
  return pathname.startsWith("/openai/")
    ? openAiProblemResponse(problem)
    : problemResponse(problem);
}

function noSuchRoute(context: ApiContext): Response {
  return reject(context, { kind: "not_found", message: "no such route; see docs/api.md" });
}

function methodNotAllowed(context: ApiContext, allow: readonly string[]): Response {
  const message = `method not allowed: use ${allow.join(" or ")}`;
  return reject(context, { kind: "method_not_allowed", message, allow });
}
