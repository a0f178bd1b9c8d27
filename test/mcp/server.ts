/** A real MCP server, made with the official SDK, in this process: reached through a policy's route. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

export interface Seen {
  method: string;
  authorization: string | null;
}

export interface FakeServer {
  /** The binding that the policy routes to. */
  MCP: { fetch(url: string, init: RequestInit): Promise<Response> };
  seen: Seen[];
  /** Names of further tools that the server begins to list. */
  more: string[];
  down: boolean;
  orders: string[];
  /** Called while an order is taken. */
  ordering: () => Promise<void>;
}

/** `json` answers plain JSON; else each answer is a stream of events, as most servers send it. */
export function mcpServer({ json = false }: { json?: boolean } = {}): FakeServer {
  class Fetcher {
    async fetch(url: string, init: RequestInit): Promise<Response> {
      if (server.down) throw new Error("connection refused");
      const request = new Request(url, init);
      const body = (await request.clone().json()) as { method: string };
      server.seen.push({
        method: body.method,
        authorization: request.headers.get("authorization"),
      });
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: json });
      await shopOf(server).connect(transport);
      return transport.handleRequest(request);
    }
  }
  const server: FakeServer = {
    MCP: new Fetcher(),
    seen: [],
    more: [],
    down: false,
    orders: [],
    ordering: async () => {},
  };
  return server;
}

const withSku = {
  type: "object" as const,
  properties: { sku: { type: "string", description: "such as AB-1" } },
  required: ["sku"],
};
const empty = { type: "object" as const, properties: {} };

function shopOf(server: FakeServer): Server {
  const shop = new Server({ name: "shop", version: "1" }, { capabilities: { tools: {} } });
  shop.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [
      { name: "find-product", description: "Finds a product.", inputSchema: withSku },
      { name: "order", inputSchema: withSku },
      ...["fail", "flood", ...server.more].map((name) => ({ name, inputSchema: empty })),
    ],
  }));
  shop.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const sku = String(params.arguments?.sku);
    const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });
    switch (params.name) {
      case "find-product":
        return text(`${sku}: kettle`);
      case "order":
        await server.ordering();
        server.orders.push(sku);
        return text(`ordered ${sku}`);
      case "fail":
        return { ...text("no stock"), isError: true };
      case "flood":
        return text("y".repeat(100_000));
      default:
        return text(params.name);
    }
  });
  return shop;
}
