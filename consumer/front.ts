/** What the producer asks over its service binding; nobody else reaches this Worker by HTTP. */
import type { ConsumerEnv } from "./env.ts";
import { listingFor } from "./tools/listing.ts";

/** `/tools?tenant=` is the listing; any other path says that this Worker runs. */
export function answerProducer(request: Request, env: ConsumerEnv): Response {
  const url = new URL(request.url);
  if (url.pathname !== "/tools") return Response.json({ status: "ok" });
  return Response.json(listingFor(url.searchParams.get("tenant") ?? "", env));
}
