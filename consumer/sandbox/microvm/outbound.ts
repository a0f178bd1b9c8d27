/** What leaves a container: calls of the task's tools, and requests for the gateway. There is no third way. */
import { egressLimits } from "../../../shared/limits.ts";
import type { Capabilities } from "../engine.ts";
import { toolsHost } from "./client.ts";

/** Answers one intercepted request. Without a run there is nobody to decide, so it is refused. */
export async function outbound(
  request: Request,
  capabilities: Capabilities | null,
): Promise<Response> {
  const url = new URL(request.url);
  if (capabilities === null) return refusal(url, 403, "no_run", "no run of this task is at work");
  const body = await bodyOf(request);
  if (body === "too large") {
    const message = `a request may carry ${egressLimits.requestBytesMax} bytes`;
    return refusal(url, 413, "too_large", message);
  }
  if (url.hostname === toolsHost) {
    const answer = await capabilities.call(
      url.pathname.slice(1),
      new TextDecoder().decode(body ?? undefined),
      // The container's files are read when its run is over.
      new Map(),
    );
    const { changes: _, ...told } = answer;
    return Response.json(told);
  }
  const answer = await capabilities.fetch({
    url: request.url,
    method: request.method,
    headers: [...request.headers],
    body,
  });
  const empty = [101, 204, 205, 304].includes(answer.status);
  return new Response(empty ? null : answer.body, {
    status: answer.status,
    statusText: answer.statusText,
    headers: answer.headers,
  });
}

async function bodyOf(request: Request): Promise<Uint8Array | null | "too large"> {
  if (request.body === null) return null;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > egressLimits.requestBytesMax) return "too large";
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** In the shape of the gateway's own refusals, which a model knows. */
const refusal = ({ host }: URL, status: number, reason: string, message: string): Response =>
  Response.json({ error: { code: "egress_denied", host, reason, message } }, { status });
