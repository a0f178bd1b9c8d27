import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { classifyAddress } from "../../../policies/address.ts";
import { compile, decide } from "../../../policies/decide.ts";
import { checkHost } from "../../../policies/host.ts";
import { get, parseValidPolicy, recordGateway } from "../../egress/recorded_gateway.ts";

const injectedHost = "api.example.com";
const list = [injectedHost, "open.example.org", "1.1.1.1"];
const policy = {
  rules: [
    {
      host: injectedHost,
      path_prefix: "/v1/",
      inject: { header: "x-credential", secret: "TOKEN", prefix: "Bearer " },
    },
    { host: "open.example.org", schemes: ["http", "https"] },
    { host: "*.wild.example.org" },
    { host: "1.1.1.1" },
  ],
};
const compiled = compile(parseValidPolicy(policy));
const secret = "s3cret/token+with=odd chars";

const hosts = fc.constantFrom(
  ...list,
  "x.wild.example.org",
  "evil.example",
  "127.0.0.1",
  "[::1]",
  "[::ffff:7f00:1]",
  "2130706433",
  "localhost",
  "169.254.169.254",
);
/** Characters that parsers treat differently, between and inside the parts of a URL. */
const oddities = fc.constantFrom(
  "",
  "",
  "",
  "@",
  ":",
  ":@",
  "\\",
  "/",
  "//",
  "/\\",
  "#",
  "?",
  ".",
  "..",
  "%2e",
  "%2f",
  "%5c",
  "%00",
  "%40",
  "\0",
  "\t",
  "\n",
  "\r",
  " ",
  "*",
  ";",
  "\u3002",
  "\uff0e",
  "\uff20",
  "\u2044",
  "\u00ad",
  "\u200d",
  "\ufeff",
  "xn--",
  "[",
  "]",
  "::",
  "0x",
  "user:pass@",
  ":443",
  ":80",
  "/v1/",
  "/v1/..",
);
const urls = fc
  .tuple(
    fc.constantFrom("https://", "http://", "https:", "https:\\\\", "HTTPS://", "//", "ftp://"),
    oddities,
    hosts,
    oddities,
    hosts,
    oddities,
    fc.constantFrom("", "/", "/v1/x", "/v1/%2e%2e/admin", "?x", "#y"),
  )
  .map((parts) => parts.join(""));
/** A listed URL with one of them inserted anywhere. */
const altered = fc
  .tuple(
    fc.constantFrom("https://api.example.com/v1/x", "http://open.example.org/"),
    oddities,
    fc.nat(40),
  )
  .map(([url, character, at]) => url.slice(0, at) + character + url.slice(at));
const anyUrl = fc.oneof(urls, altered, fc.webUrl(), fc.string());

test("an allowed URL in any spelling leads to a listed host over a listed scheme", () => {
  let allowedCount = 0;
  fc.assert(
    fc.property(anyUrl, (url) => {
      const decision = decide(compiled, { url, method: "GET", headers: [] });
      if (decision.action === "deny") return;
      allowedCount += 1;
      // The URL is parsed again from the sent text, as the upstream does.
      const sent = new URL(decision.url.href);
      const { hostname } = sent;
      const expected =
        list.includes(hostname) || /^[a-z0-9_.-]+\.wild\.example\.org$/.test(hostname);
      expect(expected).toBe(true);
      expect(["name", "public"]).toContain(classifyAddress(hostname));
      expect(sent.protocol === "https:" || hostname === "open.example.org").toBe(true);
      expect(`${sent.username}${sent.password}${sent.port}`).toBe("");
      if (hostname === injectedHost) {
        expect(decision.action).toBe("inject");
        expect(sent.pathname.startsWith("/v1/")).toBe(true);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(allowedCount).toBeGreaterThan(100);
});

test("a valid host pattern is as the URL parser normalises it", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6(), hosts), (pattern) => {
      if (!checkHost(pattern).ok) return;
      const host = pattern.startsWith("*.") ? `x${pattern.slice(1)}` : pattern;
      expect(new URL(`https://${host}/`).hostname).toBe(host);
    }),
    { numRuns: 2_000 },
  );
});

const echoes = fc.constantFrom<(text: string) => string>(
  (text) => text,
  encodeURIComponent,
  (text) => JSON.stringify({ text }),
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(`x${text}`).toString("base64url"),
  (text) => Buffer.from(text).toString("hex"),
);
const encoded = [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64").slice(0, -4),
  Buffer.from(`x${secret}`).toString("base64url").slice(2, -2),
  Buffer.from(secret).toString("hex"),
];

test("an injected value is never sent to another host and never returned", async () => {
  let injected = 0;
  await fc.assert(
    fc.asyncProperty(
      anyUrl,
      fc.array(anyUrl, { maxLength: 3 }),
      echoes,
      fc.integer({ min: 1, max: 50 }),
      async (url, locations, echo, size) => {
        const remaining = [...locations];
        const { gateway, sent, logged } = recordGateway(
          policy,
          (request) => {
            const credential = request.headers.get("x-credential") ?? "none";
            const location = remaining.shift();
            const bytes = Buffer.from(`<${echo(credential)}>`);
            const body = new ReadableStream<Uint8Array>({
              start(controller) {
                for (let offset = 0; offset < bytes.length; offset += size) {
                  controller.enqueue(new Uint8Array(bytes.subarray(offset, offset + size)));
                }
                controller.close();
              },
            });
            const headers = new Headers({ "x-echo": echo(credential) });
            try {
              if (location !== undefined) headers.set("location", location);
            } catch {
              // Not every text is a valid header value: such a response has no `Location`.
            }
            return new Response(body, { status: location === undefined ? 200 : 302, headers });
          },
          { secretOf: () => secret },
        );
        const response = await gateway.fetchFollowing(get(url, [["x-credential", "planted"]]));
        for (const request of sent) {
          const target = new URL(request.url);
          const credential = request.headers.get("x-credential");
          const isInjected = target.hostname === injectedHost && target.protocol === "https:";
          if (isInjected) injected += 1;
          expect(credential).toBe(isInjected ? `Bearer ${secret}` : null);
        }
        const output = `${Buffer.from(response.body).toString()}${JSON.stringify(response.headers)}${JSON.stringify(logged)}`;
        for (const form of encoded) expect(output).not.toContain(form);
      },
    ),
    { numRuns: 500 },
  );
  // About 30 of 500 on average; none would mean that the property says nothing.
  expect(injected).toBeGreaterThan(3);
});
