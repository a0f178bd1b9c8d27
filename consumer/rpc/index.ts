/** What the producer asks over its service binding; nobody else reaches this Worker by HTTP. */
import type { ConsumerEnv } from "../config/env.ts";
import { modelLimitsOf } from "./model_limits.ts";
import { readinessOf } from "./readiness.ts";
import { toolListingFor } from "./tools.ts";

/**
 * `/tools?tenant=` is the listing, `POST /readiness` answers a dry run, `POST /paces` tells what models are
 * limited to; any other path says that this Worker runs.
 */
export async function answerProducer(request: Request, env: ConsumerEnv): Promise<Response> {
  const url = new URL(request.url);
  switch (url.pathname) {
    case "/tools":
      return Response.json(toolListingFor(url.searchParams.get("tenant") ?? "", env));
    case "/readiness":
      return answered(readinessOf(await asked(request), env));
    case "/paces":
      return answered(await modelLimitsOf(await asked(request), env));
    default:
      return Response.json({ status: "ok" });
  }
}

const asked = (request: Request): Promise<unknown> => request.json().catch(() => null);

const answered = (answer: object | null): Response =>
  answer === null ? new Response(null, { status: 400 }) : Response.json(answer);
