/** `/mcp`: the fleet's tools over streamable HTTP. Stateless: each request has its own server. */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { agentLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { fleetClient } from "../client/index.ts";
import { readJson } from "../http/body.ts";
import type { Problem } from "../http/problem.ts";
import { createAgentServer } from "./agent_server.ts";

/** Headers by which a caller is authenticated; the tools' calls carry them, so that they have its rights only. */
const credentials = ["authorization", "cf-access-jwt-assertion"] as const;

/** `fetchApi` makes a call of this producer's own API. The caller is authenticated already. */
export async function respondMcp(
  request: Request,
  fetchApi: (request: Request) => Promise<Response>,
): Promise<Result<Response, Problem>> {
  if (request.method !== "POST") {
    const message = "method not allowed: send MCP messages with POST";
    return err({ kind: "method_not_allowed", message, allow: ["POST"] });
  }
  const client = fleetClient({
    url: new URL(request.url).origin,
    key: null,
    fetch: (url, init) =>
      fetchApi(new Request(url, { ...init, headers: headersFor(request, init) })),
  });
  const body = await readJson(request, { bytesMax: agentLimits.bodyBytesMax });
  if (!body.ok) return body;
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await createAgentServer(client).connect(transport);
  return ok(await transport.handleRequest(request, { parsedBody: body.value }));
}

function headersFor(request: Request, { headers }: RequestInit): Headers {
  const all = new Headers(headers);
  for (const name of credentials) {
    const value = request.headers.get(name);
    if (value !== null) all.set(name, value);
  }
  return all;
}
