import { define, encodeText } from "../bridge.ts";
import { custom, inspect } from "../console/format.ts";
import { callHost } from "../pending.ts";
import { Blob, File, FormData } from "./blob.ts";
import { Body, readBody } from "./body.ts";
import { Headers } from "./headers.ts";
import { byteString } from "./web_types.ts";

interface Init {
  method?: string;
  headers?: unknown;
  body?: unknown;
  signal?: AbortSignal | null;
  redirect?: "follow" | "manual" | "error";
}

const redirectsMax = 20;

export class Request extends Body {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
  readonly redirect: "follow" | "manual" | "error";

  constructor(input: unknown, init: Init = {}) {
    const from = input instanceof Request ? input : null;
    const source = init.body === undefined && from ? from.source() : readBody(init.body);
    const headers = new Headers(init.headers ?? from?.headers);
    if (source.type && !headers.has("content-type")) headers.set("content-type", source.type);
    super(source, () => headers.get("content-type") ?? "");
    const method = String(init.method ?? from?.method ?? "GET");
    this.method = /^(get|head|post|put|delete|options|patch)$/i.test(method)
      ? method.toUpperCase()
      : method;
    if ((source.bytes ?? source.stream) !== null && /^(GET|HEAD)$/.test(this.method)) {
      throw new TypeError("Request with GET/HEAD method cannot have body.");
    }
    this.url = from ? from.url : hrefOf(input);
    this.headers = headers;
    this.signal = init.signal ?? from?.signal ?? new AbortController().signal;
    this.redirect = init.redirect ?? from?.redirect ?? "follow";
  }

  clone(): Request {
    return new Request(this);
  }
}

function hrefOf(input: unknown): string {
  const url = URL.parse(String(input));
  if (url) return url.toString();
  throw new TypeError(`Failed to parse URL from ${String(input)}`);
}

/** The statuses of responses that have no body. */
const bodiless = [101, 204, 205, 304];
const redirectStatuses = [301, 302, 303, 307, 308];

interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: unknown;
}

export class Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  type = "default";
  url = "";
  redirected = false;

  constructor(body?: unknown, init: ResponseInit = {}) {
    const source = readBody(body);
    const headers = new Headers(init.headers);
    if (source.type && !headers.has("content-type")) headers.set("content-type", source.type);
    super(source, () => headers.get("content-type") ?? "");
    this.status = Math.trunc(Number(init.status ?? 200)) || 0;
    if (!(this.status >= 200 && this.status <= 599)) {
      throw new RangeError("The status must be between 200 and 599.");
    }
    this.statusText = byteString(init.statusText ?? "", "Response");
    if (/[^\t\x20-\x7e\x80-\xff]/.test(this.statusText)) throw new TypeError("Invalid statusText");
    if (bodiless.includes(this.status) && (source.bytes ?? source.stream) !== null)
      throw new TypeError(`Response constructor: Invalid response status code ${this.status}`);
    this.headers = headers;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }
  clone(): Response {
    const { bytes, stream } = this.source();
    const copy = new Response(bytes ?? stream, this);
    copy.url = this.url;
    copy.redirected = this.redirected;
    return copy;
  }
  static json(data: unknown, init: ResponseInit = {}): Response {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(encodeText(jsonOf(data)), { ...init, headers });
  }
  static error(): Response {
    const response = new Response(null);
    Object.defineProperties(response, { status: { value: 0 }, ok: { value: false } });
    response.headers.freeze();
    response.type = "error";
    return response;
  }
  static redirect(url: string, status = 302): Response {
    if (!redirectStatuses.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    const response = new Response(null, { status, headers: { location: hrefOf(url) } });
    response.headers.freeze();
    return response;
  }
  [custom](): string {
    const { status, statusText, headers, ok, redirected, bodyUsed, url, type } = this;
    return `Response ${inspect({ status, statusText, headers, ok, redirected, bodyUsed, type, url })}`;
  }
}

function jsonOf(data: unknown): string {
  const text: string | undefined = JSON.stringify(data);
  if (text === undefined) throw new TypeError("Value is not JSON serializable");
  return text;
}

interface Answer {
  url: string;
  status: number;
  statusText: string;
  headers: [string, string][];
}

/** Sends a request through the gateway. Each redirect is a separate request with its own decision. */
export async function fetch(input: unknown, init?: Init): Promise<Response> {
  const request = new Request(input, init);
  request.signal.throwIfAborted();
  let { url, method } = request;
  let body = await request.content();
  const headers = new Headers(request.headers);
  for (let hops = 0; ; hops += 1) {
    const response = await send(url, method, headers, body, request.signal);
    const location = response.headers.get("location");
    const moves = redirectStatuses.includes(response.status) && location !== null;
    if (!moves || request.redirect === "manual") {
      response.redirected = hops > 0;
      return response;
    }
    if (request.redirect === "error" || hops >= redirectsMax) {
      throw new TypeError("fetch failed", { cause: new Error("unexpected or too many redirects") });
    }
    const next = new URL(location, url);
    if (next.origin !== new URL(url).origin) {
      for (const name of ["authorization", "cookie", "proxy-authorization"]) headers.delete(name);
    }
    const becomesGet = response.status === 303 || (response.status < 303 && method === "POST");
    if (becomesGet && method !== "HEAD") {
      method = "GET";
      body = null;
      for (const name of ["content-type", "content-length"]) headers.delete(name);
    }
    url = next.toString();
  }
}

async function send(
  url: string,
  method: string,
  headers: Headers,
  body: Uint8Array | null,
  signal: AbortSignal,
): Promise<Response> {
  const values = ["fetch", url, method, [...headers]];
  const reply = body === null ? callHost(values) : callHost(values, body);
  const abortion = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => abortion.reject(signal.reason), { once: true });
  let answer: Awaited<typeof reply>;
  try {
    answer = await Promise.race([reply, abortion.promise]);
  } catch (error) {
    if (signal.aborted || error instanceof DOMException) throw error;
    throw new TypeError("fetch failed", { cause: error });
  }
  const { status, statusText, headers: list, url: final } = answer.value as Answer;
  const isEmpty = status === 204 || status === 205 || status === 304 || answer.body === undefined;
  const response = new Response(isEmpty ? null : answer.body, {
    status,
    statusText,
    headers: list,
  });
  response.url = final || url;
  return response;
}

export function installFetch(): void {
  define(globalThis, { Headers, Request, Response, fetch, Blob, File, FormData });
}
