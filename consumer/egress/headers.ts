/** What passes of the headers, out and back. */
import type { Scrubber } from "./scrub.ts";

/** The sandbox holds no credentials of its own: with these it would bring somebody else's. */
const credentials = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "cookie2",
  "x-api-key",
  "api-key",
  "apikey",
  "x-auth-token",
  "x-access-token",
  "x-goog-api-key",
  "x-amz-security-token",
  "x-functions-key",
  "ocp-apim-subscription-key",
  "private-token",
]);

const dashed = (name: string) => name.replaceAll("_", "-");

/** What frames the message belongs to the runtime, and encodings that cannot be scrubbed are not asked for. */
const framing = new Set([
  "host",
  "connection",
  "keep-alive",
  "content-length",
  "transfer-encoding",
  "te",
  "trailer",
  "expect",
  "accept-encoding",
]);

/** Claims about who asks and for what path, which upstreams believe from their own proxies only. */
const forwarding =
  /^(cf-.*|x-forwarded-.*|x-forwarded|forwarded.*|x-real-ip|true-client-ip|x-client-ip|x-cluster-client-ip|x-original-.*|x-rewrite-url|x-host|x-http-method.*|x-method-override|proxy-.*|via|upgrade)$/;

export interface Outgoing {
  /** As the sandbox passed them. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Every header that any rule of the policy injects, in lower case. */
  injected: readonly string[];
  credential: { header: string; value: string } | null;
  /** Set where the request goes to a loopback address in place of the decided host. */
  standsFor: URL | null;
}

/** Null where a value cannot stand in a header. */
export function outgoingHeaders(outgoing: Outgoing): Headers | null {
  try {
    const headers = new Headers();
    for (const [name, value] of outgoing.headers) {
      // Upstreams that read headers as environment variables take `_` for `-`.
      const known = dashed(name.toLowerCase());
      if (credentials.has(known) || framing.has(known) || forwarding.test(known)) continue;
      if (outgoing.injected.some((header) => dashed(header) === known)) continue;
      // A part of an answer could hold a part of an echoed secret, which is not found.
      if (outgoing.credential !== null && (known === "range" || known === "if-range")) continue;
      headers.append(name, value);
    }
    if (!headers.has("user-agent")) headers.set("user-agent", "flotilla");
    if (outgoing.standsFor !== null) {
      headers.set("x-forwarded-host", outgoing.standsFor.host);
      headers.set("x-forwarded-proto", outgoing.standsFor.protocol.slice(0, -1));
    }
    if (outgoing.credential !== null) {
      headers.set(outgoing.credential.header, outgoing.credential.value);
    }
    return headers;
  } catch {
    return null;
  }
}

/** Sessions are not kept, and the runtime has already undone framing and compression. */
const notReturned = new Set([
  "set-cookie",
  "set-cookie2",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-encoding",
  "trailer",
  "upgrade",
  "alt-svc",
  "proxy-authenticate",
  "proxy-authorization",
]);

/** The answer's headers as the sandbox may see them. `sent` is where the request really went. */
export function incomingHeaders(
  headers: Headers,
  method: string,
  scrubber: Scrubber,
  decided: URL,
  sent: URL,
): [name: string, value: string][] {
  const passed: [string, string][] = [];
  for (const [name, value] of headers) {
    if (notReturned.has(name)) continue;
    // Scrubbing changes the length; only an answer to HEAD states one that has no body.
    if (name === "content-length" && method !== "HEAD") continue;
    if (scrubber.text(name) !== name) continue;
    const clean = scrubber.text(value);
    const home = name === "location" && sent.origin !== decided.origin && isBelow(clean, sent);
    passed.push([name, home ? decided.origin + clean.slice(sent.origin.length) : clean]);
  }
  return passed;
}

function isBelow(location: string, sent: URL): boolean {
  if (!location.startsWith(sent.origin)) return false;
  return ["", "/", "?", "#"].includes(location.slice(sent.origin.length, sent.origin.length + 1));
}
