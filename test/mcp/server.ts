/** A real MCP server of the official SDK in this process, reached through a policy's route. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

export interface ReceivedRequest {
  method: string;
  authorization: string | null;
}

export interface FakeServer {
  /** The binding that the policy routes to. */
  MCP: { fetch(url: string, init: RequestInit): Promise<Response> };
  requests: ReceivedRequest[];
  /** Additional tools that the server lists. */
  moreTools: string[];
  isDown: boolean;
  orders: string[];
  /** Called during an order. */
  onOrder: () => Promise<void>;
}

/** `json`: responses are plain JSON; else streams of events, as most servers send them. */
export function mcpServer({ json = false }: { json?: boolean } = {}): FakeServer {
  class Fetcher {
    async fetch(url: string, init: RequestInit): Promise<Response> {
      if (server.isDown) throw new Error("connection refused");
      const request = new Request(url, init);
      const body = (await request.clone().json()) as { method: string };
      server.requests.push({
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
    requests: [],
    moreTools: [],
    isDown: false,
    orders: [],
    onOrder: async () => {},
  };
  return server;
}

const withSku = {
  type: "object" as const,
  properties: { sku: { type: "string", description: "such as AB-1" } },
  required: ["sku"],
};
const emptySchema = { type: "object" as const, properties: {} };

function shopOf(server: FakeServer): Server {
  const shop = new Server({ name: "shop", version: "1" }, { capabilities: { tools: {} } });
  shop.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [
      { name: "find-product", description: "Finds a product.", inputSchema: withSku },
      { name: "order", inputSchema: withSku },
      ...["fail", "flood", ...server.moreTools].map((name) => ({ name, inputSchema: emptySchema })),
    ],
  }));
  shop.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const sku = String(params.arguments?.sku);
    const textContent = (text: string) => ({ content: [{ type: "text" as const, text }] });
    switch (params.name) {
      case "find-product":
        return textContent(`${sku}: kettle`);
      case "order":
        await server.onOrder();
        server.orders.push(sku);
        return textContent(`ordered ${sku}`);
      case "fail":
        return { ...textContent("no stock"), isError: true };
      case "flood":
        return textContent("y".repeat(100_000));
      default:
        return textContent(params.name);
    }
  });
  return shop;
}
