/**
 * The typed client, `flotilla/client`: one function that makes every call of the API, in Node and in
 * Workers, over `fetch`. It needs nothing else at run time; its types are inferred from the operations.
 *
 *     const fleet = fleetClient({ url: "https://fleet.example", key });
 *     const task = await fleet("GET /v1/tasks/:id", { id });
 *     if (task.ok) task.value.status; else task.code;
 */
import type { RefusalAnswer } from "../http/refusals.ts";
import type { Answer, CallName, FleetClient, Given, Raw, Refusal, Value } from "./calls.ts";

export type {
  Answer,
  CallName,
  FleetClient as Fleet,
  Given,
  Raw,
  Refusal,
  Value,
} from "./calls.ts";

export interface Connection {
  /** Such as https://fleet.example; a slash at the end does not matter. */
  url: string;
  /** Sent to calls below /v1, and to no other host: a redirect is not followed. */
  key: string;
  /** A service binding's, or another stand-in; the global one where it is left out. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Holds each value against what the call promises; what it refuses comes from no fleet. */
  familiar?: (name: CallName, value: unknown) => boolean;
}

/** How long a call without a signal of its own may take, its answer read to the end. */
const callMsMax = 120_000;

/** The fields of a call, whatever its name. */
interface AnyGiven {
  [part: string]: unknown;
  query?: Record<string, unknown> | URLSearchParams;
  body?: unknown;
  type?: string;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export function fleetClient(connection: Connection): FleetClient {
  const { fetch = globalThis.fetch } = connection;
  const url = connection.url.replace(/\/+$/, "");
  return async <Name extends CallName>(name: Name, ...[given]: [Given<Name>?]) => {
    const call: AnyGiven = given ?? {};
    let response: Response;
    try {
      response = await fetch(`${url}${pathOf(name, call)}`, {
        method: methodOf(name),
        headers: headersOf(name, call, connection.key),
        ...bodyOf(call),
        // A redirect could carry the key to another host.
        redirect: "manual",
        signal: call.signal ?? AbortSignal.timeout(callMsMax),
      });
    } catch (cause) {
      return unanswered(url, cause);
    }
    try {
      return await readAnswer(name, response, connection);
    } catch (cause) {
      return isAbort(cause) ? unanswered(url, cause) : notAFleet(url, response.status);
    }
  };
}

const methodOf = (name: CallName): string => name.slice(0, name.indexOf(" "));

function pathOf(name: CallName, given: AnyGiven): string {
  const path = name
    .slice(name.indexOf(" ") + 1)
    .replace(/:(\w+)/g, (_, part: string) => encodeURIComponent(String(given[part])))
    .replace(/\*$/, () => String(given.path).split("/").map(encodeURIComponent).join("/"));
  const query = queryOf(given.query ?? {});
  return query === "" ? path : `${path}?${query}`;
}

/** What is no text, number or boolean goes as JSON, as the fields of a batch of lines do. */
function queryOf(query: Record<string, unknown> | URLSearchParams): string {
  if (query instanceof URLSearchParams) return query.toString();
  const parts = Object.entries(query).flatMap(([field, value]): [string, string][] =>
    value === undefined
      ? []
      : [[field, typeof value === "object" ? JSON.stringify(value) : String(value)]],
  );
  return new URLSearchParams(parts).toString();
}

function headersOf(name: CallName, given: AnyGiven, key: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (name.includes(" /v1/")) headers.authorization = `Bearer ${key}`;
  if (given.body !== undefined) headers["content-type"] = given.type ?? "application/json";
  if (given.idempotencyKey !== undefined) headers["idempotency-key"] = given.idempotencyKey;
  return headers;
}

/** With a `type` the body goes as it is, without one as JSON. A stream is sent while it is read. */
function bodyOf({ body, type }: AnyGiven): RequestInit {
  if (body === undefined) return {};
  if (type === undefined) return { body: JSON.stringify(body) };
  const raw = body as Raw;
  return raw instanceof ReadableStream ? { body: raw, ...{ duplex: "half" } } : { body: raw };
}

async function readAnswer<Name extends CallName>(
  name: Name,
  response: Response,
  { url, familiar = () => true }: Connection,
): Promise<Answer<Value<Name>>> {
  const { status } = response;
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim();
  if (!response.ok) return readRefusal(response, url);
  const found = (value: unknown): Answer<Value<Name>> => ({
    ok: true,
    status,
    value: value as Value<Name>,
  });
  switch (type) {
    case "application/json": {
      const value: unknown = JSON.parse(await response.text());
      return familiar(name, value) ? found(value) : notAFleet(url, status);
    }
    case "application/x-ndjson":
      return found(linesOf(response, (value) => familiar(name, value)));
    case "application/octet-stream":
      return found(new Uint8Array(await response.arrayBuffer()));
    default:
      await response.body?.cancel();
      return notAFleet(url, status);
  }
}

/** The lines as they come. Rejects where the connection breaks, or a line is none of a fleet's. */
async function* linesOf(
  response: Response,
  isFamiliar: (value: unknown) => boolean,
): AsyncGenerator<unknown> {
  const read = (line: string): unknown => {
    const value: unknown = JSON.parse(line);
    if (!isFamiliar(value)) throw new Error("a line that no fleet answers");
    return value;
  };
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let rest = "";
  for await (const part of response.body ?? []) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield read(line);
  }
  rest += decoder.decode();
  if (rest !== "") yield read(rest);
}

async function readRefusal(response: Response, url: string): Promise<Refusal> {
  const body: unknown = JSON.parse(await response.text());
  if (!isRefusal(body)) return notAFleet(url, response.status);
  const { code, message, details = [] } = body.error;
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  return {
    ok: false,
    code,
    status: response.status,
    message,
    details,
    retryAfterSeconds: Number.isNaN(after) ? null : after,
  };
}

function isRefusal(body: unknown): body is RefusalAnswer {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  if (typeof error !== "object" || error === null) return false;
  const { code, message, details = [] } = error as Record<string, unknown>;
  return typeof code === "string" && typeof message === "string" && Array.isArray(details);
}

const isAbort = (cause: unknown): boolean =>
  cause instanceof Error && ["AbortError", "TimeoutError"].includes(cause.name);

function unanswered(url: string, cause: unknown): Refusal {
  const code = isAbort(cause) ? "aborted" : "unreachable";
  const why = cause instanceof Error ? causeOf(cause) : String(cause);
  const told = code === "aborted" ? "did not answer in time" : "does not answer";
  return {
    ok: false,
    code,
    status: 0,
    message: `the fleet at ${url} ${told}${why === "" ? "" : ` (${why})`}`,
    details: [],
    cause,
  };
}

/** Node's fetch hides the reason, such as ECONNREFUSED, one level down. */
function causeOf(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error;
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message;
}

const notAFleet = (url: string, status: number): Refusal => ({
  ok: false,
  code: "not_a_fleet",
  status,
  message: `something answers at ${url} (HTTP ${status}), but this is no fleet`,
  details: [],
});
