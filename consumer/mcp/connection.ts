/**
 * One MCP server for one slice: the official client, with `fetch` replaced by the egress gateway. The policy
 * decides on its URL and injects credentials, and every request is counted and logged.
 */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { jsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/types.js";
import { mcpLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { isRecord, parseRecord } from "../../shared/text/json.ts";
import { quoteLossyNumbers } from "../../shared/text/json_numbers.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";
import type { Effect } from "../tools/define.ts";
import type { McpResult } from "./result.ts";

/** The gateway: `fetchEffectFree` for requests that may be repeated, `fetch` for requests with effects. */
export interface McpTransport {
  fetchEffectFree(request: GuestRequest): Promise<GuestResponse>;
  fetch(request: GuestRequest): Promise<GuestResponse>;
}

/** Output schemas are not used; the client's default validator would compile code, which Workers forbid. */
const acceptAll: jsonSchemaValidator = {
  getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
};

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
  list(): Promise<Result<unknown[], string>> {
    return this.#run(async (client) => {
      const { ResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
      const tools: unknown[] = [];
      const seenNames = new Set<string>();
      let cursor: string | null = null;
      for (let page = 0; page < mcpLimits.pagesMax; page += 1) {
        // `listTools` is not used, because one malformed tool would hide all, and it compiles untrusted output schemas.
        const params = cursor === null ? {} : { cursor };
        const request = { method: "tools/list", params };
        const listing: Record<string, unknown> = await client.request(
          request,
          ResultSchema,
          this.#options,
        );
        if (Array.isArray(listing.tools))
          tools.push(...listing.tools.slice(0, mcpLimits.listedMax));
        const next = listing.nextCursor;
        // A repeated cursor would lead in a circle.
        if (typeof next !== "string" || next === "" || seenNames.has(next)) break;
        seenNames.add(next);
        cursor = next;
        if (tools.length >= mcpLimits.listedMax) break;
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
      const { McpError, ResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
      try {
        const request = { method: "tools/call", params: { name: tool, arguments: args } };
        // `callTool` is not used, because it rejects a result with one part of an unknown kind.
        return (await client.request(request, ResultSchema, this.#options)) as McpResult;
      } catch (error) {
        // The server understood and declined: its message is for the model, and the session is still valid.
        if (error instanceof McpError && declinedCodes.has(error.code))
          return declinedResult(error.message);
        throw error;
      }
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
    for (let renewals = 0; ; renewals += 1) {
      this.#gatewayError = null;
      const isOld = this.#client !== null;
      try {
        this.#client ??= this.#connect();
        return ok(await work(await this.#client));
      } catch (error) {
        await this.close();
        this.#client = null;
        // A restarted server has lost the session and started nothing, so a new session is opened, once.
        if (isOld && renewals === 0 && this.#gatewayError === null && isSessionLost(error))
          continue;
        // The client's errors quote what the server sent, so their length is bounded too.
        const reason =
          this.#gatewayError ?? (error instanceof Error ? error.message : String(error));
        return err(
          `The MCP server ${this.#name} cannot be used: ${reason.slice(0, mcpLimits.errorCharsMax)}`,
        );
      }
    }
  }

  async #connect(): Promise<Client> {
    const [{ Client: McpClient }, { StreamableHTTPClientTransport }] = await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
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
    const client = new McpClient(
      { name: "flotilla", version: "1" },
      { jsonSchemaValidator: acceptAll },
    );
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
    return new Response(isEmpty ? null : withDigits(response.body), {
      status: response.status,
      headers: response.headers,
    });
  }

  #hasEffects(body: string): boolean {
    const { method, params } = JSON.parse(body) as { method?: string; params?: { name?: string } };
    return method === "tools/call" && this.#effects.has(params?.name ?? "");
  }
}

/** JSON-RPC errors of a server that works: invalid request, unknown method or tool, invalid arguments, internal. */
const declinedCodes: ReadonlySet<number> = new Set([-32600, -32601, -32602, -32603]);

const declinedResult = (message: string): McpResult => ({
  isError: true,
  content: [{ type: "text", text: message.slice(0, mcpLimits.errorCharsMax) }],
});

/** HTTP 404, or 400 with a word of the session, before anything was started. */
function isSessionLost(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === 404 || (code === 400 && /session/i.test(String(error)));
}

/** Numbers that JSON.parse would change become strings of their digits. */
function withDigits(body: Uint8Array): Uint8Array<ArrayBuffer> | string {
  const text = new TextDecoder().decode(body);
  const quotedText = quoteLossyNumbers(text);
  return quotedText === text ? new Uint8Array(body) : quotedText;
}

const gatewayCodes = ["egress_denied", "egress_budget", "upstream_failed"];

/** The gateway's own error message; null where the server itself responded. */
function gatewayErrorIn({ status, body }: GuestResponse): string | null {
  if (![403, 429, 502].includes(status)) return null;
  const { code, message } = recordIn(parseRecord(new TextDecoder().decode(body))?.error);
  return gatewayCodes.includes(String(code)) && typeof message === "string" ? message : null;
}

const recordIn = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
