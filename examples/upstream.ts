/**
 * The small service that stands behind https://orders.example in the demo: the shipped
 * orders over HTTP, for bearers of the token only. It answers one route with the very
 * credential that it was sent, as careless services do, so that the scrubbing shows.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dataRows } from "./data.ts";

export interface UpstreamRequest {
  method: string;
  /** Path and query, as received. */
  path: string;
  /** True where the bearer token was the right one. */
  authorized: boolean;
  body: string;
}

export interface OrdersUpstream {
  /** Such as http://127.0.0.1:40123, without a slash at the end. */
  url: string;
  /** Every request so far, refused ones included. */
  requests: readonly UpstreamRequest[];
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

const pageRowsMax = 50;
const bodyBytesMax = 100_000;

/** Listens on 127.0.0.1; port 0 takes a free one. Rejects where the port is taken. */
export function startOrdersUpstream(options: {
  token: string;
  port: number;
}): Promise<OrdersUpstream> {
  const requests: UpstreamRequest[] = [];
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
  requests: UpstreamRequest[],
): Promise<void> {
  const credential = request.headers.authorization ?? "";
  const authorized = credential === `Bearer ${token}`;
  const path = request.url ?? "/";
  const method = request.method ?? "GET";
  const body = await bodyText(request);
  requests.push({ method, path, authorized, body });
  const answer = authorized
    ? route(method, new URL(path, "http://orders.example"), body, credential)
    : { status: 401, body: { error: "a bearer token is required" } };
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(`${JSON.stringify(answer.body)}\n`);
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

function route(method: string, url: URL, body: string, credential: string): Answer {
  const [, version, kind, id] = url.pathname.split("/");
  if (version !== "v1") {
    return { status: 404, body: { error: "no such route" } };
  }
  switch (`${method} ${kind}`) {
    case "GET orders":
      return id === undefined ? page(url) : one(id);
    case "POST notes":
      return note(body);
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

function one(id: string): Answer {
  const order = dataRows("orders.csv").find((row) => row.order_id === id);
  return order === undefined
    ? { status: 404, body: { error: `no order ${id}` } }
    : { status: 200, body: typed(order) };
}

function page(url: URL): Answer {
  const status = url.searchParams.get("status");
  const customer = url.searchParams.get("customer_id");
  const limit = Math.min(Number(url.searchParams.get("limit") ?? pageRowsMax), pageRowsMax);
  const offset = Number(url.searchParams.get("offset") ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(offset) || offset < 0) {
    return { status: 400, body: { error: "limit and offset must be whole numbers" } };
  }
  const found = dataRows("orders.csv").filter(
    (row) =>
      (status === null || row.status === status) &&
      (customer === null || row.customer_id === customer),
  );
  const more = new URLSearchParams(url.searchParams);
  more.set("offset", String(offset + limit));
  return {
    status: 200,
    body: {
      orders: found.slice(offset, offset + limit).map(typed),
      total: found.length,
      next: offset + limit < found.length ? `/v1/orders?${more}` : null,
    },
  };
}

function note(body: string): Answer {
  try {
    const { order_id: order, text } = JSON.parse(body);
    if (typeof order === "string" && typeof text === "string" && one(order).status === 200) {
      return { status: 201, body: { accepted: true, order_id: order } };
    }
  } catch {
    // Falls through to the one refusal below: it says what is right for either mistake.
  }
  return { status: 422, body: { error: "send {order_id, text} for an order that exists" } };
}

function typed(row: Record<string, string>): Record<string, unknown> {
  return { ...row, quantity: Number(row.quantity), unit_price: Number(row.unit_price) };
}
