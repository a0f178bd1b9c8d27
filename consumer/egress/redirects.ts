/** Redirects as fetch follows them, for callers that cannot: each hop goes through the gateway anew. */
import { egressLimits } from "../../shared/limits.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
/** They describe a body, and go with it. */
const bodyHeaders: readonly string[] = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
];

/**
 * Sends a request and follows at most `egressLimits.redirectsMax` redirects. Answers the
 * last answer: a refused hop is that hop's refusal, and one redirect too many is handed
 * back as it is. `fetchOnce` must not reject; then neither does this.
 */
export async function followRedirects(
  fetchOnce: (request: GuestRequest) => Promise<GuestResponse>,
  request: GuestRequest,
): Promise<GuestResponse> {
  let hop = request;
  for (let followed = 0; ; followed += 1) {
    const response = await fetchOnce(hop);
    if (followed >= egressLimits.redirectsMax) return response;
    const next = nextHop(hop, response);
    if (next === null) return response;
    hop = next;
  }
}

/** The request that a redirect asks for, or null where the answer is none. */
export function nextHop(request: GuestRequest, response: GuestResponse): GuestRequest | null {
  if (!redirectStatuses.includes(response.status)) return null;
  const location = response.headers.find(([name]) => name.toLowerCase() === "location")?.[1];
  if (location === undefined) return null;
  const url = resolved(location, response.url);
  const method = request.method.toUpperCase();
  const dropsBody =
    (response.status === 303 && method !== "GET" && method !== "HEAD") ||
    (response.status <= 302 && method === "POST");
  const headers = request.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return lower !== "host" && !(dropsBody && bodyHeaders.includes(lower));
  });
  return dropsBody
    ? { url, method: "GET", headers, body: null }
    : { url, method: request.method, headers, body: request.body };
}

/** Text that cannot be resolved is passed on: the decision refuses it as a URL. */
function resolved(location: string, base: string): string {
  try {
    return new URL(location, base).href;
  } catch {
    return location;
  }
}
