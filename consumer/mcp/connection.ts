/**
 * One MCP server for one slice, over the egress gateway: the official client, with `fetch` replaced. The
 * policy decides on its URL, credentials are injected on the way, and every request is counted and logged.
 */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { mcpLimits } from "../../shared/limits.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";
import type { Effect } from "../tools/define.ts";
import type { Told } from "./remote_tools.ts";
import type { McpResult } from "./result.ts";

/** How the gateway may be asked: `ask` for what may be repeated, `fetch` for what has effects. */
export interface McpTransport {
  fetchEffectFree(request: GuestRequest): Promise<GuestResponse>;
  fetch(request: GuestRequest): Promise<GuestResponse>;
}

export type Answered<T> = { ok: true; value: T } | { ok: false; message: string };

export class McpConnection {
  readonly #name: string;
  readonly #url: string;
  readonly #ways: McpTransport;
  /** The server's names of tools with effects: their calls are logged before they are sent. */
  readonly #effects = new Set<string>();
  readonly #signal: AbortSignal;
  #client: Promise<Client> | null = null;
  /** The gateway's refusal of the last request, in its own words. */
  #refused: string | null = null;

  constructor(server: { name: string; url: string }, ways: McpTransport, signal: AbortSignal) {
    this.#name = server.name;
    this.#url = server.url;
    this.#ways = ways;
    this.#signal = signal;
  }

  /** Every tool that the server lists, page by page up to the bound. Never rejects. */
  list(): Promise<Answered<Told[]>> {
    return this.#answered(async (client) => {
      const { ListToolsResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
      const told: Told[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < mcpLimits.pagesMax; page += 1) {
        // Not `listTools`, which compiles the output schemas of a stranger, patterns included.
        const answer = await client.request(
          { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
          ListToolsResultSchema,
          this.#options,
        );
        told.push(...answer.tools);
        cursor = answer.nextCursor;
        if (cursor === undefined || told.length >= mcpLimits.listedMax) break;
      }
      return told.slice(0, mcpLimits.listedMax);
    });
  }

  /** Calls one tool by the server's own name of it. Never rejects. */
  call(
    { tool, effect }: { tool: string; effect: Effect },
    args: Record<string, unknown>,
  ): Promise<Answered<McpResult>> {
    if (effect === "effect") this.#effects.add(tool);
    return this.#answered(async (client) => {
      const params = { name: tool, arguments: args };
      return (await client.callTool(params, undefined, this.#options)) as McpResult;
    });
  }

  /** Ends timers of the client; nothing is sent. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    await client?.close().catch(() => undefined);
  }

  get #options() {
    return { timeout: mcpLimits.callMsMax, signal: this.#signal };
  }

  async #answered<T>(work: (client: Client) => Promise<T>): Promise<Answered<T>> {
    this.#refused = null;
    try {
      this.#client ??= this.#connect();
      return { ok: true, value: await work(await this.#client) };
    } catch (error) {
      // A server that was restarted knows its old session no more: the next call begins a new one.
      await this.close();
      this.#client = null;
      // The client's errors quote what the server sent, which is bounded like any of its words.
      const said = this.#refused ?? (error instanceof Error ? error.message : String(error));
      return {
        ok: false,
        message: `The MCP server ${this.#name} cannot be used: ${said.slice(0, mcpLimits.errorCharsMax)}`,
      };
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
    // A stream of the server's own messages has no end, and nothing here would read it.
    if (method === "GET") return new Response(null, { status: 405 });
    const body = typeof init.body === "string" ? init.body : "";
    const request: GuestRequest = {
      url,
      method,
      headers: [...new Headers(init.headers)],
      body: new TextEncoder().encode(body),
    };
    const answer = await (this.#hasEffects(body)
      ? this.#ways.fetch(request)
      : this.#ways.fetchEffectFree(request));
    this.#refused = refusalIn(answer);
    const empty = [202, 204, 205, 304].includes(answer.status);
    return new Response(empty ? null : answer.body, {
      status: answer.status,
      headers: answer.headers,
    });
  }

  #hasEffects(body: string): boolean {
    const { method, params } = JSON.parse(body) as { method?: string; params?: { name?: string } };
    return method === "tools/call" && this.#effects.has(params?.name ?? "");
  }
}

/** The gateway's own refusal, told to the model as any other; null where the server answered. */
function refusalIn({ status, body }: GuestResponse): string | null {
  if (![403, 429, 502].includes(status)) return null;
  try {
    const { error } = JSON.parse(new TextDecoder().decode(body)) as {
      error?: { code?: string; message?: string };
    };
    const ours = ["egress_denied", "egress_budget", "upstream_failed"].includes(error?.code ?? "");
    return ours ? (error?.message ?? null) : null;
  } catch {
    return null;
  }
}
