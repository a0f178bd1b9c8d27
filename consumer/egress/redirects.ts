/** Redirects as the Fetch standard follows them: each hop goes through the gateway. */
import { egressLimits } from "../../shared/limits.ts";
import type { GuestRequest, GuestResponse } from "../sandbox/engine.ts";

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
/** They describe the body and are dropped with it. */
const bodyHeaders: readonly string[] = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
];

/**
 * Sends a request, follows at most `egressLimits.redirectsMax` redirects and returns the last response: a
 * denied hop's error, or the redirect that is one too many. Rejects only if `fetchOnce` does.
 */
export async function followRedirects(
  fetchOnce: (request: GuestRequest) => Promise<GuestResponse>,
  request: GuestRequest,
): Promise<GuestResponse> {
  let hop = request;
  for (let hops = 0; ; hops += 1) {
    const response = await fetchOnce(hop);
    if (hops >= egressLimits.redirectsMax) return response;
    const next = nextHop(hop, response);
    if (next === null) return response;
    hop = next;
  }
}

/** The next request of a redirect; null when the response is not a redirect. */
export function nextHop(request: GuestRequest, response: GuestResponse): GuestRequest | null {
  if (!redirectStatuses.includes(response.status)) return null;
  const location = response.headers.find(([name]) => name.toLowerCase() === "location")?.[1];
  if (location === undefined) return null;
  const url = resolveUrl(location, response.url);
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

/** An invalid location is kept: the decision denies it as `bad_url`. */
function resolveUrl(location: string, base: string): string {
  try {
    return new URL(location, base).href;
  } catch {
    return location;
  }
}
