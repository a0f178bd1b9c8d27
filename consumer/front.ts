/** What the producer asks over its service binding; nobody else reaches this Worker by HTTP. */
import type { ConsumerEnv } from "./env.ts";
import { readinessOf } from "./readiness.ts";
import { listingFor } from "./tools/listing.ts";

/**
 * `/tools?tenant=` is the listing, `POST /readiness` answers a dry run; any other path says that this
 * Worker runs.
 */
export async function answerProducer(request: Request, env: ConsumerEnv): Promise<Response> {
  const url = new URL(request.url);
  switch (url.pathname) {
    case "/tools":
      return Response.json(listingFor(url.searchParams.get("tenant") ?? "", env));
    case "/readiness": {
      const asked: unknown = await request.json().catch(() => null);
      const readiness = readinessOf(asked, env);
      return readiness === null ? new Response(null, { status: 400 }) : Response.json(readiness);
    }
    default:
      return Response.json({ status: "ok" });
  }
}
