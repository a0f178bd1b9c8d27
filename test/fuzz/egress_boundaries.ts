import { Buffer } from "node:buffer";
import fc from "fast-check";
import { Scrubber } from "../../consumer/egress/scrub.ts";
import { compile, decide } from "../../policies/decide.ts";
import { get, parseValidPolicy, recordGateway } from "../egress/recorded_gateway.ts";
import { type Boundary, hold, pieceSizes, piecesOf, textOf } from "./boundary.ts";

const policy = {
  rules: [
    {
      host: "api.example.com",
      path_prefix: "/v1/",
      inject: { header: "x-credential", secret: "TOKEN" },
    },
    { host: "open.example.org", schemes: ["http", "https"] },
    { host: "*.wild.example.org" },
  ],
};
const compiled = compile(parseValidPolicy(policy));

const urlText = textOf(
  [
    ..."https:// http:// // \\ / @ : # ? . .. %2e %2f %5c %00 %c0%ae [ ] ::1 127.0.0.1 0x7f 2130706433 localhost".split(
      " ",
    ),
    ..."api.example.com open.example.org x.wild.example.org evil.example user:pass@ :443 :8080 /v1/ /v1/.. /admin".split(
      " ",
    ),
    ..."\t \n \r \u3002 \uff0e \uff20 \u2044 \u00ad \u200d \ufeff xn-- 169.254.169.254 [::ffff:7f00:1]".split(
      " ",
    ),
  ],
  8,
);
const url = fc.oneof(
  urlText,
  fc
    .tuple(
      fc.constantFrom("https://api.example.com/v1/x", "http://open.example.org/"),
      urlText,
      fc.nat(30),
    )
    .map(([base, text, at]) => base.slice(0, at) + text + base.slice(at)),
);

const isListed = (host: string): boolean =>
  ["api.example.com", "open.example.org"].includes(host) ||
  /^[a-z0-9_.-]+\.wild\.example\.org$/.test(host);

const decisions: Boundary = {
  name: "decide",
  property: () =>
    fc.property(url, fc.constantFrom("GET", "POST", "get", "TRACE", "G ET"), (text, method) => {
      const decision = decide(compiled, { url: text, method, headers: [] });
      if (decision.action === "deny") return;
      // Parsed again from the text that is sent, as the upstream does.
      const sent = new URL(decision.url.href);
      hold(isListed(sent.hostname), `allowed a host that is not listed: ${sent.href}`);
      hold(`${sent.username}${sent.password}${sent.port}` === "", `allowed ${sent.href}`);
      hold(
        sent.hostname !== "api.example.com" || sent.pathname.startsWith("/v1/"),
        `allowed the path of ${sent.href}`,
      );
    }),
};

const headerName = fc.oneof(
  fc.constantFrom(
    "authorization",
    "X-Credential",
    "x_credential",
    "x-forwarded-host",
    "cookie",
    "x-envoy-original-path",
    "host",
    "accept",
  ),
  fc.string({ maxLength: 12 }),
);

const forwarded: Boundary = {
  name: "forward",
  property: () =>
    fc.asyncProperty(
      url,
      fc.array(fc.tuple(headerName, fc.string({ maxLength: 12 })), { maxLength: 4 }),
      async (text, headers) => {
        const { gateway, sent: requests } = recordGateway(policy, () => new Response("sk"));
        const response = await gateway.fetch(get(text, headers));
        hold(
          response.status < 500 || response.status === 502,
          `the gateway answered ${response.status}`,
        );
        for (const { url: sentUrl, headers: sent } of requests) {
          const { hostname } = new URL(sentUrl);
          hold(isListed(hostname), `sent to ${sentUrl}`);
          const names = [...sent.keys()];
          hold(
            !names.some((name) => /^(cookie|authorization|x-forwarded|x-envoy)/.test(name)),
            `sent ${names.join()}`,
          );
          hold(
            hostname === "api.example.com" || !sent.has("x-credential"),
            `sent the credential to ${sentUrl}`,
          );
        }
      },
    ),
};

const secrets = ["sk_live_9f.AbC+d/Q=77xyz", 'mk-SECRET+key/9=z"q'] as const;
const hexOf = (text: string) => Buffer.from(text).toString("hex");
const spelled: ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => secret.toUpperCase(),
  encodeURIComponent,
  (secret) => JSON.stringify(secret).slice(1, -1),
  (secret) => JSON.stringify(JSON.stringify(secret)).slice(1, -1),
  hexOf,
  (secret) => (hexOf(secret).match(/../g) ?? []).join(":"),
  (secret) => [...secret].map((sign) => `&#${sign.charCodeAt(0)};`).join(""),
  (secret) => [...secret].map((sign) => `&#x${sign.charCodeAt(0).toString(16)};`).join(""),
  (secret) => [...secret].map((sign) => `\\x${hexOf(sign)}`).join(""),
  (secret) => [...secret].map((sign) => `\\u00${hexOf(sign)}`).join(""),
  (secret) => Buffer.from(secret).toString("base64"),
  (secret) => Buffer.from(`user:${secret}`).toString("base64url"),
  (secret) =>
    (
      Buffer.from(`ab${secret}`)
        .toString("base64")
        .match(/.{1,12}/g) ?? []
    ).join("\r\n  "),
  (secret) => secret.replaceAll("=", "=3D").replace(/^(.{9})/, "$1=\r\n"),
];
/** What no output may contain, in any spelling above, read back to plain text. */
function holdsSecret(text: string): boolean {
  const plain = text.toLowerCase();
  return secrets.some(
    (secret) =>
      plain.includes(secret.toLowerCase()) ||
      plain.includes(encodeURIComponent(secret).toLowerCase()) ||
      plain.includes(hexOf(secret)) ||
      text.includes(Buffer.from(secret).toString("base64")),
  );
}

const scrubbing: Boundary = {
  name: "scrubber",
  property: () =>
    fc.property(
      fc.array(fc.tuple(fc.nat(1), fc.nat(spelled.length - 1)), { minLength: 1, maxLength: 3 }),
      textOf(["sk_live_", "mk-SECRET", "&#115;", "%73", "\\u0073", "73:6b", "=\r\n"], 6),
      pieceSizes,
      (uses, around, sizes) => {
        const scrubber = new Scrubber(secrets);
        const body = uses
          .map(([which, how]) => `${around} ${spelled[how]?.(secrets[which] ?? "")} `)
          .join("");
        const scrubbed = scrubber.scrubText(body);
        hold(!holdsSecret(scrubbed), `left a secret in ${JSON.stringify(scrubbed)}`);
        const count = scrubbed.split("[redacted]").length - 1;
        hold(
          count >= uses.length,
          `masked ${count} of ${uses.length} in ${JSON.stringify(scrubbed)}`,
        );
        const stream = scrubber.createStream();
        const parts = [...piecesOf(Buffer.from(body), sizes)].map((piece) => stream.push(piece));
        const streamed = Buffer.concat([...parts, stream.flush()]).toString();
        hold(!holdsSecret(streamed), `left a secret across pieces in ${JSON.stringify(streamed)}`);
      },
    ),
};

export const egressBoundaries: readonly Boundary[] = [decisions, forwarded, scrubbing];
