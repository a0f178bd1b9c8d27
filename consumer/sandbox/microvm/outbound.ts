/** Everything that leaves a container: calls of the task's tools, and requests for the gateway. */
import { egressLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Capabilities } from "../engine.ts";
import { toolsHostname } from "./client.ts";

/** Answers one intercepted request. Without a run nothing can decide it, so it is denied. */
export async function handleOutbound(
  request: Request,
  capabilities: Capabilities | null,
): Promise<Response> {
  const url = new URL(request.url);
  if (capabilities === null)
    return denial(url, 403, "no_run", "no run of this task is in progress");
  const body = await readBody(request);
  if (!body.ok) return denial(url, 413, "too_large", body.error);
  if (url.hostname === toolsHostname) {
    const { changes: _, ...answer } = await capabilities.call(
      url.pathname.slice(1),
      new TextDecoder().decode(body.value ?? undefined),
      // The container's files are read when its run is over.
      new Map(),
    );
    return Response.json(answer);
  }
  const response = await capabilities.fetch({
    url: request.url,
    method: request.method,
    headers: [...request.headers],
    body: body.value,
  });
  const { status, statusText, headers } = response;
  const isEmpty = [101, 204, 205, 304].includes(status);
  return new Response(isEmpty ? null : response.body, { status, statusText, headers });
}

async function readBody(request: Request): Promise<Result<Uint8Array | null, string>> {
  if (request.body === null) return ok(null);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > egressLimits.requestBytesMax)
      return err(`a request body may hold ${egressLimits.requestBytesMax} bytes`);
    chunks.push(chunk);
  }
  return ok(new Uint8Array(await new Blob(chunks).arrayBuffer()));
}

/** The denial has the format of the gateway's own denials, which models know. */
const denial = ({ host }: URL, status: number, reason: string, message: string): Response =>
  Response.json({ error: { code: "egress_denied", host, reason, message } }, { status });
