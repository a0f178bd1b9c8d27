/** One HTTP call to a fleet, and what its answer means: a value of the expected shape, or words for the person at the terminal. */
import { commandLineLimits } from "../../shared/limits.ts";
import { hasShape, type Shape, shapes } from "./shape.ts";
import type { ErrorAnswer, Fault } from "./wire.ts";

/** Why a call gave nothing, in words for the person at the terminal. */
export interface CallProblem {
  /** `unreachable`: nothing answered. `refused`: the API said no. `unreadable`: something else answered. */
  kind: "unreachable" | "refused" | "unreadable";
  /** The HTTP status; 0 where nothing answered. */
  status: number;
  code: string;
  message: string;
  /** The faults of a body, as the API gives them. */
  details: Fault[];
}

export type Called<T> = { ok: true; value: T } | { ok: false; problem: CallProblem };

export interface Connection {
  /** Such as http://127.0.0.1:8787, without a slash at the end. */
  url: string;
  key: string;
  fetch: typeof fetch;
}

export type Call = <T>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  read: (response: Response) => Promise<T>,
  sent?: { body: string | Uint8Array<ArrayBuffer>; type: string; idempotencyKey?: string },
) => Promise<Called<T>>;

/** One call after the other over a connection. Never rejects for what a server or a network does. */
export function callsOver({ url, key, fetch }: Connection): Call {
  return async (method, path, read, sent) => {
    const headers: Record<string, string> = {};
    if (path.startsWith("/v1/")) headers.authorization = `Bearer ${key}`;
    if (sent !== undefined) headers["content-type"] = sent.type;
    if (sent?.idempotencyKey !== undefined) headers["idempotency-key"] = sent.idempotencyKey;
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers,
        // A redirect could carry the key to another host.
        redirect: "manual",
        signal: AbortSignal.timeout(commandLineLimits.requestMsMax),
        ...(sent === undefined ? {} : { body: sent.body }),
      });
    } catch (error) {
      return { ok: false, problem: unreachable(url, error) };
    }
    try {
      if (response.ok) return { ok: true, value: await read(response) };
      return { ok: false, problem: await refusal(response, url) };
    } catch {
      return { ok: false, problem: noFleet(response.status, url) };
    }
  };
}

export function mapped<T, U>(called: Called<T>, change: (value: T) => U): Called<U> {
  return called.ok ? { ok: true, value: change(called.value) } : called;
}

export const asBytes = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());

export const asJson = async <T>(response: Response): Promise<T> =>
  JSON.parse(await response.text());

/** Reads an answer of the shape; anything else comes from no fleet. */
export const shaped =
  <T>(shape: Shape) =>
  async (response: Response): Promise<T> =>
    checked(await asJson<T>(response), shape);

export const asLines =
  <T>(shape: Shape) =>
  async (response: Response): Promise<T[]> =>
    (await response.text())
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => checked(JSON.parse(line), shape));

function checked<T>(value: T, shape: Shape): T {
  if (!hasShape(value, shape)) throw new Error("an answer of another shape");
  return value;
}

function unreachable(url: string, error: unknown): CallProblem {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = code === "" && cause instanceof Error ? cause.message : code;
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const local = isLoopback(url);
  const hint = timedOut
    ? `nothing came back within ${commandLineLimits.requestMsMax / 1000} s`
    : local
      ? "start it with npm start, or say where it is with --url"
      : "check --url or FLEET_URL";
  return {
    kind: "unreachable",
    status: 0,
    code: code === "" ? "unreachable" : code,
    message: `no fleet answers at ${url}${why === "" || timedOut ? "" : ` (${why})`}: ${hint}`,
    details: [],
  };
}

async function refusal(response: Response, url: string): Promise<CallProblem> {
  const { status } = response;
  const { error } = (await asJson<Partial<ErrorAnswer> | null>(response)) ?? {};
  if (error === undefined || !hasShape(error, shapes.error)) return noFleet(status, url);
  return {
    kind: "refused",
    status,
    code: error.code,
    message: `${error.message}${hintFor(status)}`,
    details: Array.isArray(error.details) ? error.details : [],
  };
}

function hintFor(status: number): string {
  if (status === 401) return " (set --key or FLEET_API_KEY)";
  if (status === 503) return " (is the deployed fleet missing its key? see fleet doctor)";
  return "";
}

function noFleet(status: number, url: string): CallProblem {
  return {
    kind: "unreadable",
    status,
    code: "unreadable",
    message: `something answers at ${url} (HTTP ${status}), but this is no fleet: check --url or FLEET_URL`,
    details: [],
  };
}

/** Whether the address is this machine: only then may a default key be sent. */
export function isLoopback(url: string): boolean {
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name === "localhost" || name === "[::1]" || /^127(\.\d+){3}$/.test(name);
}
