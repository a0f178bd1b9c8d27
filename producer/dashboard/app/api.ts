/** Speaks to the fleet, and to nobody else. What a call fails with is a value with the fleet's own words. */
import { beginSession, currentSession } from "./session.ts";

export interface Problem {
  /** The answer's status; 0 where there was none. */
  status: number;
  code: string;
  message: string;
  details: readonly { path?: string; line?: number; message: string }[];
  /** Seconds to wait before asking again, where the fleet names them. */
  retryAfter: number | null;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

type Method = "GET" | "POST" | "PATCH" | "DELETE";

const callMsMax = 60_000;

/** One call; `key` stands in place of the session's, to try it before it is kept. */
export async function call<T>(
  method: Method,
  path: string,
  body?: unknown,
  key?: string,
): Promise<Answer<T>> {
  const answered = await send(method, path, body, key);
  if (!answered.ok) return answered;
  try {
    return { ok: true, value: (await answered.value.json()) as T };
  } catch {
    return failed(0, "unreachable", "the answer broke off: try again");
  }
}

/** The raw answer of a call, for what is no JSON. */
export async function send(
  method: Method,
  path: string,
  body?: unknown,
  key?: string,
): Promise<Answer<Response>> {
  const session = currentSession();
  const held = key ?? (session.kind === "key" ? session.key : null);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(held === null ? {} : { authorization: `Bearer ${held}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: "no-store",
      credentials: "same-origin",
      // Access sends who is signed out to its own page, on another origin.
      redirect: "manual",
      signal: AbortSignal.timeout(callMsMax),
    });
  } catch {
    return failed(
      0,
      "unreachable",
      "the fleet does not answer: is it running, and are you online?",
    );
  }
  if (response.type === "opaqueredirect") {
    const message = "Cloudflare Access asks you to sign in again: load this page anew.";
    if (key === undefined) signOut(message, true);
    return failed(401, "unauthorized", message);
  }
  if (response.ok) return { ok: true, value: response };
  const problem = await problemOf(response);
  if (response.status === 401 && key === undefined) {
    const challenge = response.headers.get("www-authenticate") ?? "";
    signOut(problem.message, challenge.includes('error="invalid_token"'));
  }
  return { ok: false, problem };
}

/** Says why, unless nobody was signed in and there was nothing to judge: then a key is just asked for. */
function signOut(message: string, judged: boolean): void {
  const wasIn = currentSession().kind === "key" || currentSession().kind === "access";
  beginSession({ kind: "out", message: wasIn || judged ? message : null });
}

const failed = (status: number, code: string, message: string): Answer<never> => ({
  ok: false,
  problem: { status, code, message, details: [], retryAfter: null },
});

async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get("retry-after") ?? "");
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
  const told = (await response.json().catch(() => null)) as {
    error?: { code?: string; message?: string; details?: Problem["details"] };
  } | null;
  return {
    status: response.status,
    code: told?.error?.code ?? "broken",
    message: told?.error?.message ?? `the fleet answered HTTP ${response.status}`,
    details: told?.error?.details ?? [],
    retryAfter,
  };
}

/** A path with a query; what is null or empty is left out. */
export function pathOf(
  path: string,
  query: Readonly<Record<string, string | number | null>>,
): string {
  const told = Object.entries(query).filter(([, value]) => value !== null && value !== "");
  if (told.length === 0) return path;
  return `${path}?${new URLSearchParams(told.map(([name, value]) => [name, String(value)]))}`;
}
