/**
 * The service behind https://orders.example in the demo: the example orders over HTTP, only with the bearer
 * token. One route returns the credential it was sent, as careless services do, to show that it is scrubbed.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dataRows } from "../data.ts";

export interface ReceivedRequest {
  method: string;
  /** Path and query, as received. */
  path: string;
  /** The bearer token was correct. */
  authorized: boolean;
  body: string;
}

export interface OrdersService {
  /** Such as http://127.0.0.1:40123, without a trailing slash. */
  url: string;
  /** Every request so far, rejected ones included. */
  requests: readonly ReceivedRequest[];
  stop(): Promise<void>;
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

const pageRowsMax = 50;
const bodyBytesMax = 100_000;

/** Listens on 127.0.0.1; port 0 picks a free one. Rejects if the port is in use. */
export function startOrdersService(options: {
  token: string;
  port: number;
}): Promise<OrdersService> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    void serve(request, response, options.token, requests);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : options.port;
      resolve({
        url: `http://127.0.0.1:${port}`,
        requests,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  requests: ReceivedRequest[],
): Promise<void> {
  const credential = request.headers.authorization ?? "";
  const authorized = credential === `Bearer ${token}`;
  const path = request.url ?? "/";
  const method = request.method ?? "GET";
  const body = await bodyText(request);
  requests.push({ method, path, authorized, body });
  const reply = authorized
    ? route(method, new URL(path, "http://orders.example"), body, credential)
    : { status: 401, body: { error: "a bearer token is required" } };
  response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
  response.end(`${JSON.stringify(reply.body)}\n`);
}

async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) {
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

function route(method: string, url: URL, body: string, credential: string): Reply {
  const [, version, kind, id] = url.pathname.split("/");
  if (version !== "v1") {
    return { status: 404, body: { error: "no such route" } };
  }
  switch (`${method} ${kind}`) {
    case "GET orders":
      return id === undefined ? listOrders(url) : getOrder(id);
    case "POST notes":
      return addNote(body);
    case "GET whoami":
      return {
        status: 200,
        body: { client: "demo-fleet", you_sent: credential },
        headers: { "x-seen-authorization": credential, "set-cookie": `session=${credential}` },
      };
    default:
      return { status: 404, body: { error: "no such route" } };
  }
}

function getOrder(id: string): Reply {
  const order = dataRows("orders.csv").find((row) => row.order_id === id);
  return order === undefined
    ? { status: 404, body: { error: `no order ${id}` } }
    : { status: 200, body: withNumbers(order) };
}

function listOrders(url: URL): Reply {
  const status = url.searchParams.get("status");
  const customer = url.searchParams.get("customer_id");
  const limit = Math.min(Number(url.searchParams.get("limit") ?? pageRowsMax), pageRowsMax);
  const offset = Number(url.searchParams.get("offset") ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(offset) || offset < 0) {
    return { status: 400, body: { error: "limit and offset must be whole numbers" } };
  }
  const matching = dataRows("orders.csv").filter(
    (row) =>
      (status === null || row.status === status) &&
      (customer === null || row.customer_id === customer),
  );
  const nextQuery = new URLSearchParams(url.searchParams);
  nextQuery.set("offset", String(offset + limit));
  return {
    status: 200,
    body: {
      orders: matching.slice(offset, offset + limit).map(withNumbers),
      total: matching.length,
      next: offset + limit < matching.length ? `/v1/orders?${nextQuery}` : null,
    },
  };
}

function addNote(body: string): Reply {
  try {
    const { order_id: order, text } = JSON.parse(body);
    if (typeof order === "string" && typeof text === "string" && getOrder(order).status === 200) {
      return { status: 201, body: { accepted: true, order_id: order } };
    }
  } catch {
    // Answered below: the same message fits both mistakes.
  }
  return { status: 422, body: { error: "send {order_id, text} for an order that exists" } };
}

function withNumbers(row: Record<string, string>): Record<string, unknown> {
  return { ...row, quantity: Number(row.quantity), unit_price: Number(row.unit_price) };
}
