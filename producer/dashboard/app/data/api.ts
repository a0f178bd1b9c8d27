/**
 * The fleet's API for the pages: the typed client with this session's key, on the page's own origin. A
 * response that says the session is over signs the user out.
 */
import {
  type CallError,
  type CallInput,
  type CallName,
  type CallResult,
  type FleetClient,
  fleetClient,
} from "../../../client/index.ts";
import { currentSession, setSession } from "./session.ts";

export type {
  CallError,
  CallInput,
  CallName,
  CallResult,
  CallValue,
} from "../../../client/index.ts";
export { callPath } from "../../../client/index.ts";

const callMsMax = 60_000;

/** Makes one call of the API with the session's key. */
export const api: FleetClient = (name, ...input) => clientFor(sessionKey(), true)(name, ...input);

/** Makes calls with another key, to check it before the session uses it. */
export const apiWithKey = (key: string): FleetClient => clientFor(key, false);

/** Reads any response as bytes, whatever its type: downloads are saved and never shown. */
export async function download<Name extends CallName>(
  name: Name,
  input: CallInput<Name>,
): Promise<CallResult<Uint8Array<ArrayBuffer>>> {
  const fetchBytes = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetchInSession(url, init, true);
    if (!response.ok) return response;
    return new Response(response.body, { headers: { "content-type": "application/octet-stream" } });
  };
  const client = fleetClient({ url: location.origin, key: sessionKey(), fetch: fetchBytes });
  return (await (client as AnyCall)(name, input)) as CallResult<Uint8Array<ArrayBuffer>>;
}

type AnyCall = (name: CallName, input: object) => Promise<CallResult<unknown>>;

function sessionKey(): string | null {
  const session = currentSession();
  return session.kind === "key" ? session.key : null;
}

const clientFor = (key: string | null, ofSession: boolean): FleetClient =>
  fleetClient({
    url: location.origin,
    key,
    fetch: (url, init) => fetchInSession(url, init, ofSession),
  });

/** `ofSession`: the key is the session's, so a 401 ends the session. */
async function fetchInSession(
  url: string,
  init: RequestInit,
  ofSession: boolean,
): Promise<Response> {
  const response = await fetch(url, {
    ...init,
    cache: "no-store",
    credentials: "same-origin",
    signal: AbortSignal.timeout(callMsMax),
  });
  if (response.type === "opaqueredirect") return signedOutOfAccess(ofSession);
  if (response.status === 401 && ofSession) {
    const challenge = response.headers.get("www-authenticate") ?? "";
    signOut(await messageOf(response.clone()), challenge.includes('error="invalid_token"'));
  }
  return response;
}

/** Cloudflare Access redirects signed-out users to its login page on another origin. */
function signedOutOfAccess(ofSession: boolean): Response {
  const message = "Cloudflare Access requires a new sign-in: reload this page";
  if (ofSession) signOut(message, true);
  return Response.json({ error: { code: "unauthorized", message } }, { status: 401 });
}

async function messageOf(response: Response): Promise<string> {
  const body = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  return body?.error?.message ?? `the fleet answered HTTP ${response.status}`;
}

/** Shows the message only if a session or a key was rejected: a first visit just asks for a key. */
function signOut(message: string, wasRejected: boolean): void {
  const { kind } = currentSession();
  const wasSignedIn = kind === "key" || kind === "access";
  setSession({ kind: "out", message: wasSignedIn || wasRejected ? message : null });
}

/** Seconds to wait before the next call, if the API says so. */
export const retryAfterOf = (error: CallError): number | null =>
  "retryAfterSeconds" in error ? error.retryAfterSeconds : null;

type Query = Readonly<Record<string, string | number | null | undefined>>;

/** A query without the fields that are null or empty. */
export const queryOf = (query: Query): URLSearchParams =>
  new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === null || value === undefined || value === "" ? [] : [[name, String(value)]],
    ),
  );

/** The address of a page, with its filters. */
export function pagePath(path: string, query: Query): string {
  const text = queryOf(query).toString();
  return text === "" ? path : `${path}?${text}`;
}
