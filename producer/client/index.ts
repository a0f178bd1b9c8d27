/**
 * The typed client, `flotilla/client`: one function that makes every call of the API, in Node, in Workers
 * and in browsers, over `fetch`. It has no run-time dependency; its types are inferred from the operations.
 *
 *     const fleet = fleetClient({ url: "https://fleet.example", key });
 *     const task = await fleet("GET /v1/tasks/:id", { id });
 *     if (task.ok) task.value.status; else task.error.code;
 */
import { readLines } from "../../shared/text/lines.ts";
import type { ErrorResponse } from "../http/error_response.ts";
import type {
  CallError,
  CallInput,
  CallName,
  CallResult,
  CallValue,
  FleetClient,
  RawBody,
} from "./calls.ts";

export type * from "./calls.ts";

export interface ClientOptions {
  /** Such as https://fleet.example; a trailing slash is ignored. */
  url: string;
  /** The key, sent only with calls below /v1; redirects are not followed. Null sends none. */
  key: string | null;
  /** Such as a service binding's `fetch`; default: the global one. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Checks a value against the call's schema; a value that fails is the error `not_a_fleet`. */
  isExpected?: (name: CallName, value: unknown) => boolean;
}

const textCall: CallName = "GET /llms.txt";

/** How long a call without its own signal may take, reading the response included. */
const callMsMax = 120_000;

/** The fields of any call's input. */
interface AnyInput {
  [part: string]: unknown;
  query?: Record<string, unknown> | URLSearchParams;
  body?: unknown;
  type?: string;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export function fleetClient(options: ClientOptions): FleetClient {
  const { fetch = globalThis.fetch } = options;
  const url = options.url.replace(/\/+$/, "");
  return async <Name extends CallName>(name: Name, ...[input]: [CallInput<Name>?]) => {
    const call: AnyInput = input ?? {};
    let response: Response;
    try {
      response = await fetch(`${url}${callPath(name, call)}`, {
        method: methodOf(name),
        headers: headersOf(name, call, options.key),
        ...bodyOf(call),
        // A redirect could carry the key to another host.
        redirect: "manual",
        signal: call.signal ?? AbortSignal.timeout(callMsMax),
      });
    } catch (cause) {
      return noResponse(url, cause);
    }
    try {
      return await readResponse(name, response, options);
    } catch (cause) {
      const isUnreadable = cause instanceof SyntaxError;
      return isUnreadable ? notAFleet(url, response.status) : noResponse(url, cause);
    }
  };
}

const methodOf = (name: CallName): string => name.slice(0, name.indexOf(" "));

/** The path and query of a call. */
export function callPath(name: CallName, input: Readonly<Record<string, unknown>>): string {
  const path = name
    .slice(name.indexOf(" ") + 1)
    .replace(/:(\w+)/g, (_, part: string) => encodeURIComponent(String(input[part])))
    .replace(/\*$/, () => String(input.path).split("/").map(encodeURIComponent).join("/"));
  const query = queryText((input as AnyInput).query ?? {});
  return query === "" ? path : `${path}?${query}`;
}

/** Objects are written as JSON, such as the fields of a batch that is sent as NDJSON. */
function queryText(query: Record<string, unknown> | URLSearchParams): string {
  if (query instanceof URLSearchParams) return query.toString();
  const parts = Object.entries(query).flatMap(([field, value]): [string, string][] =>
    value === undefined
      ? []
      : [[field, typeof value === "object" ? JSON.stringify(value) : String(value)]],
  );
  return new URLSearchParams(parts).toString();
}

function headersOf(name: CallName, input: AnyInput, key: string | null): Record<string, string> {
  const headers: Record<string, string> = {};
  if (key !== null && name.includes(" /v1/")) headers.authorization = `Bearer ${key}`;
  if (input.body !== undefined) headers["content-type"] = input.type ?? "application/json";
  if (input.idempotencyKey !== undefined) headers["idempotency-key"] = input.idempotencyKey;
  return headers;
}

/** With a `type` the body is sent unchanged, without one as JSON. A stream is sent while it is read. */
function bodyOf({ body, type }: AnyInput): RequestInit {
  if (body === undefined) return {};
  if (type === undefined) return { body: JSON.stringify(body) };
  const raw = body as RawBody;
  return raw instanceof ReadableStream ? { body: raw, ...{ duplex: "half" } } : { body: raw };
}

async function readResponse<Name extends CallName>(
  name: Name,
  response: Response,
  { url, isExpected = () => true }: ClientOptions,
): Promise<CallResult<CallValue<Name>>> {
  const { status } = response;
  if (!response.ok) return readError(response, url);
  const success = (value: unknown): CallResult<CallValue<Name>> => ({
    ok: true,
    status,
    value: value as CallValue<Name>,
  });
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim();
  switch (type) {
    case "application/json": {
      const value: unknown = JSON.parse(await response.text());
      return isExpected(name, value) ? success(value) : notAFleet(url, status);
    }
    case "application/x-ndjson":
      return success(parseLines(response, (value) => isExpected(name, value)));
    case "text/plain":
      // Any web server answers text; only one call of a fleet does.
      return name === textCall ? success(await response.text()) : notAFleet(url, status);
    case "application/octet-stream":
      return success(new Uint8Array(await response.arrayBuffer()));
    default:
      await response.body?.cancel();
      return notAFleet(url, status);
  }
}

/** The lines as they arrive. Rejects if the connection breaks or a line is not what the call promises. */
async function* parseLines(
  response: Response,
  isExpected: (value: unknown) => boolean,
): AsyncGenerator<unknown> {
  if (response.body === null) return;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  for await (const line of readLines(response.body)) {
    if (line.kind !== "line") continue;
    const value: unknown = JSON.parse(decoder.decode(line.bytes));
    if (!isExpected(value)) throw new Error("a line that no fleet sends");
    yield value;
  }
}

type Failure = { ok: false; error: CallError };

async function readError(response: Response, url: string): Promise<Failure> {
  const { status, headers } = response;
  const body: unknown = JSON.parse(await response.text());
  if (!isErrorBody(body)) return notAFleet(url, status);
  const { code, message, details = [] } = body.error;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  const retryAfterSeconds = Number.isNaN(seconds) ? null : seconds;
  return { ok: false, error: { code, status, message, details, retryAfterSeconds } };
}

function isErrorBody(body: unknown): body is ErrorResponse {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  if (typeof error !== "object" || error === null) return false;
  const { code, message, details = [] } = error as Record<string, unknown>;
  return typeof code === "string" && typeof message === "string" && Array.isArray(details);
}

const isAbort = (cause: unknown): boolean =>
  cause instanceof Error && ["AbortError", "TimeoutError"].includes(cause.name);

function noResponse(url: string, cause: unknown): Failure {
  const code = isAbort(cause) ? "aborted" : "unreachable";
  const problem = code === "aborted" ? "did not answer in time" : "does not answer";
  const reason = cause instanceof Error ? reasonOf(cause) : String(cause);
  const message = `the fleet at ${url} ${problem}${reason === "" ? "" : ` (${reason})`}`;
  return { ok: false, error: { code, status: 0, message, details: [], cause } };
}

/** Node's fetch hides the reason, such as ECONNREFUSED, one level down. */
function reasonOf(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error;
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message;
}

function notAFleet(url: string, status: number): Failure {
  const message = `${url} answered HTTP ${status}, but it is not a Flotilla fleet`;
  return { ok: false, error: { code: "not_a_fleet", status, message, details: [] } };
}
