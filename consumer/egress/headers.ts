/** Which request and response headers pass the gateway. */
import type { Scrubber } from "./scrub.ts";

/** A sandbox has no credentials of its own: a value in these headers would be foreign. */
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
  "job-token",
  "deploy-token",
  "x-gitlab-token",
  "x-github-token",
  "x-vault-token",
  "x-api-token",
  "x-consul-token",
  "x-shopify-access-token",
  "dd-api-key",
  "dd-application-key",
]);

const dashesOf = (name: string) => name.replaceAll("_", "-");

/** Framing belongs to the runtime; `accept-encoding` could request encodings that cannot be scrubbed. */
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

/**
 * Claims about client, user, path and method, which upstreams should trust only from their own proxies. A list of
 * what is allowed would break APIs with headers of their own.
 */
const forwarding = new RegExp(
  `^(?:${[
    "cf-.*|x-forwarded-.*|x-forwarded|forwarded.*|via|upgrade|proxy-.*|x-proxy-.*|x-host",
    "x-real-ip|true-client-ip|client-ip|x-client-ip|x-cluster-client-ip|x-azure-.*|fastly-.*",
    "x-original-.*|x-rewrite-.*|x-override-.*|x-envoy-.*|x-http-.*override|x-http-method.*",
    "x-method-override|x-path-override|x-url-override|x-arr-.*|x-appengine-.*|x-amzn-oidc-.*",
    "remote-.*|x-remote-.*|x-webauth-.*|x-auth-request-.*|x-authenticated-.*|x-goog-.*authenticated-.*",
    "x-ms-client-principal.*|x-ms-token-.*|x-pomerium-.*|x-authentik-.*|x-ssl-client-.*|ssl-client-.*",
  ].join("|")})$`,
);

export interface OutgoingRequest {
  /** The headers as the sandbox sent them. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Every header that a rule of the policy injects, in lower case. */
  injected: readonly string[];
  credential: { header: string; value: string } | null;
  /** Set when the request goes to a loopback address instead of the decided host. */
  decidedUrl: URL | null;
}

/** Null when a value is not valid in a header. */
export function buildOutgoingHeaders(request: OutgoingRequest): Headers | null {
  const { credential, decidedUrl } = request;
  try {
    const headers = new Headers();
    for (const [name, value] of request.headers) {
      // Upstreams that read headers as environment variables treat `_` as `-`.
      const dashes = dashesOf(name.toLowerCase());
      if (credentials.has(dashes) || framing.has(dashes) || forwarding.test(dashes)) continue;
      if (request.injected.some((header) => dashesOf(header) === dashes)) continue;
      // A range of a response could contain a part of an echoed secret, which scrubbing does not find.
      if (credential !== null && (dashes === "range" || dashes === "if-range")) continue;
      headers.append(name, value);
    }
    if (!headers.has("user-agent")) headers.set("user-agent", "flotilla");
    if (decidedUrl !== null) {
      headers.set("x-forwarded-host", decidedUrl.host);
      headers.set("x-forwarded-proto", decidedUrl.protocol.slice(0, -1));
    }
    if (credential !== null) headers.set(credential.header, credential.value);
    return headers;
  } catch {
    return null;
  }
}

/** There are no sessions, and the runtime has already decoded framing and compression. */
const removedHeaders = new Set([
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

/** The response headers for the sandbox. `sentUrl` is the URL that the request was really sent to. */
export function filterIncomingHeaders(
  headers: Headers,
  method: string,
  scrubber: Scrubber,
  decidedUrl: URL,
  sentUrl: URL,
): [name: string, value: string][] {
  const result: [string, string][] = [];
  for (const [name, value] of headers) {
    if (removedHeaders.has(name)) continue;
    // Scrubbing changes the length. A response to HEAD has no body, so its length stays true.
    if (name === "content-length" && method !== "HEAD") continue;
    if (scrubber.scrubText(name) !== name) continue;
    const clean = scrubber.scrubText(value);
    const isMapped =
      name === "location" && sentUrl.origin !== decidedUrl.origin && isBelow(clean, sentUrl);
    result.push([name, isMapped ? decidedUrl.origin + clean.slice(sentUrl.origin.length) : clean]);
  }
  return result;
}

function isBelow(location: string, sentUrl: URL): boolean {
  if (!location.startsWith(sentUrl.origin)) return false;
  return ["", "/", "?", "#"].includes(
    location.slice(sentUrl.origin.length, sentUrl.origin.length + 1),
  );
}
