/**
 * One MCP server for one slice: the official client, with `fetch` replaced by the egress gateway. The policy
 * decides on its URL and injects credentials, and every request is counted and logged.
 */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { isRecord, parseRecord } from "../../shared/json.ts";
import { mcpLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";
import type { Effect } from "../tools/define.ts";
import type { ListedTool } from "./remote_tools.ts";
import type { McpResult } from "./result.ts";

/** The gateway: `fetchEffectFree` for what may be repeated, `fetch` for what has effects. */
export interface McpTransport {
  fetchEffectFree(request: GuestRequest): Promise<GuestResponse>;
  fetch(request: GuestRequest): Promise<GuestResponse>;
}

export class McpConnection {
  readonly #name: string;
  readonly #url: string;
  readonly #transport: McpTransport;
  /** The server's names of tools with effects: their calls are logged before they are sent. */
  readonly #effects = new Set<string>();
  readonly #signal: AbortSignal;
  #client: Promise<Client> | null = null;
  /** The gateway's own error message for the last request. */
  #gatewayError: string | null = null;

  constructor(server: { name: string; url: string }, transport: McpTransport, signal: AbortSignal) {
    this.#name = server.name;
    this.#url = server.url;
    this.#transport = transport;
    this.#signal = signal;
  }

  /** Every tool that the server lists, page by page up to the bound. Never rejects. */
  list(): Promise<Result<ListedTool[], string>> {
    return this.#run(async (client) => {
      const { ListToolsResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
      const tools: ListedTool[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < mcpLimits.pagesMax; page += 1) {
        // Not `listTools`, which compiles untrusted output schemas, including their patterns.
        const listing = await client.request(
          { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
          ListToolsResultSchema,
          this.#options,
        );
        tools.push(...listing.tools);
        cursor = listing.nextCursor;
        if (cursor === undefined || tools.length >= mcpLimits.listedMax) break;
      }
      return tools.slice(0, mcpLimits.listedMax);
    });
  }

  /** Calls one tool by the server's own name for it. Never rejects. */
  call(
    { tool, effect }: { tool: string; effect: Effect },
    args: Record<string, unknown>,
  ): Promise<Result<McpResult, string>> {
    if (effect === "effect") this.#effects.add(tool);
    return this.#run(async (client) => {
      const params = { name: tool, arguments: args };
      return (await client.callTool(params, undefined, this.#options)) as McpResult;
    });
  }

  /** Stops the client's timers; nothing is sent. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    await client?.close().catch(() => undefined);
  }

  get #options() {
    return { timeout: mcpLimits.callMsMax, signal: this.#signal };
  }

  async #run<T>(work: (client: Client) => Promise<T>): Promise<Result<T, string>> {
    this.#gatewayError = null;
    try {
      this.#client ??= this.#connect();
      return ok(await work(await this.#client));
    } catch (error) {
      // A restarted server has forgotten the session: the next call starts a new one.
      await this.close();
      this.#client = null;
      // The client's errors quote what the server sent, so their length is bounded too.
      const reason = this.#gatewayError ?? (error instanceof Error ? error.message : String(error));
      return err(
        `The MCP server ${this.#name} cannot be used: ${reason.slice(0, mcpLimits.errorCharsMax)}`,
      );
    }
  }

  async #connect(): Promise<Client> {
    const [
      { Client: McpClient },
      { StreamableHTTPClientTransport },
      { CfWorkerJsonSchemaValidator },
    ] = await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      import("@modelcontextprotocol/sdk/validation/cfworker"),
    ]);
    const transport = new StreamableHTTPClientTransport(new URL(this.#url), {
      fetch: (url, init) => this.#fetch(String(url), init),
      reconnectionOptions: {
        maxRetries: 0,
        initialReconnectionDelay: mcpLimits.callMsMax,
        maxReconnectionDelay: mcpLimits.callMsMax,
        reconnectionDelayGrowFactor: 1,
      },
    });
    // The default validator compiles code, which Workers forbid.
    const jsonSchemaValidator = new CfWorkerJsonSchemaValidator();
    const client = new McpClient({ name: "flotilla", version: "1" }, { jsonSchemaValidator });
    await client.connect(transport as Parameters<Client["connect"]>[0], this.#options);
    return client;
  }

  async #fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? "GET";
    // The stream of messages from the server is endless, and nothing here would read it.
    if (method === "GET") return new Response(null, { status: 405 });
    const body = typeof init.body === "string" ? init.body : "";
    const request: GuestRequest = {
      url,
      method,
      headers: [...new Headers(init.headers)],
      body: new TextEncoder().encode(body),
    };
    const response = await (this.#hasEffects(body)
      ? this.#transport.fetch(request)
      : this.#transport.fetchEffectFree(request));
    this.#gatewayError = gatewayErrorIn(response);
    const isEmpty = [202, 204, 205, 304].includes(response.status);
    return new Response(isEmpty ? null : response.body, {
      status: response.status,
      headers: response.headers,
    });
  }

  #hasEffects(body: string): boolean {
    const { method, params } = JSON.parse(body) as { method?: string; params?: { name?: string } };
    return method === "tools/call" && this.#effects.has(params?.name ?? "");
  }
}

const gatewayCodes = ["egress_denied", "egress_budget", "upstream_failed"];

/** The gateway's own error message; null where the server itself responded. */
function gatewayErrorIn({ status, body }: GuestResponse): string | null {
  if (![403, 429, 502].includes(status)) return null;
  const { code, message } = recordIn(parseRecord(new TextDecoder().decode(body))?.error);
  return gatewayCodes.includes(String(code)) && typeof message === "string" ? message : null;
}

const recordIn = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
