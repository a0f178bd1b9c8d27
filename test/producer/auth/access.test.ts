import { createExecutionContext } from "cloudflare:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, test, vi } from "vitest";
import { assertionHeader } from "../../../producer/auth/access.ts";
import producer from "../../../producer/index.ts";
import { testFleet } from "../client.ts";

const team = "team.cloudflareaccess.com";
const audience = "the-application";
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let pair: Pair;
let other: Pair;
let jwks: string;

beforeAll(async () => {
  pair = await generateKeyPair("RS256", { extractable: true });
  other = await generateKeyPair("RS256");
  jwks = JSON.stringify({
    keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k", alg: "RS256", use: "sig" }],
  });
});
afterEach(() => vi.unstubAllGlobals());

const claims = { sub: "someone", email: "someone@example.com" };

function signToken(
  overrides: {
    key?: CryptoKey;
    claims?: JWTPayload;
    issuer?: string;
    audience?: string;
    exp?: string;
  } = {},
): Promise<string> {
  return new SignJWT(overrides.claims ?? claims)
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setIssuer(overrides.issuer ?? `https://${team}`)
    .setAudience(overrides.audience ?? audience)
    .setIssuedAt()
    .setExpirationTime(overrides.exp ?? "5m")
    .sign(overrides.key ?? pair.privateKey);
}

const configured = { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: audience };

async function call(
  assertion: string,
  change: Record<string, string> = configured,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Response> {
  vi.stubGlobal("fetch", async () => new Response(jwks));
  const request = new Request<unknown, IncomingRequestCfProperties>("https://fleet/v1/tasks", {
    method,
    headers: { [assertionHeader]: assertion, "content-type": "application/json", ...headers },
    ...(method === "POST" ? { body: "{}" } : {}),
  });
  return producer.fetch(request, testFleet(change).env, createExecutionContext());
}

test("an assertion that Access signed for this application is accepted", async () => {
  expect((await call(await signToken())).status).toBe(200);
});

describe("an invalid assertion is rejected", () => {
  it.each<[name: string, more: Parameters<typeof signToken>[0]]>([
    ["of another application", { audience: "another" }],
    ["of another team", { issuer: "https://other.cloudflareaccess.com" }],
    ["that has expired", { exp: "-5m" }],
    ["without a subject", { claims: {} }],
  ])("an assertion %s is rejected", async (_name, overrides) => {
    expect((await call(await signToken(overrides))).status).toBe(401);
  });

  test("an assertion that is signed with another key is rejected", async () => {
    expect((await call(await signToken({ key: other.privateKey }))).status).toBe(401);
  });

  test("an assertion without a signature is rejected", async () => {
    const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
    const body = { ...claims, iss: `https://${team}`, aud: audience, iat: 1, exp: 9e9 };
    expect((await call(`${part({ alg: "none" })}.${part(body)}.`)).status).toBe(401);
  });

  it.each([
    ["the public key as a shared secret", { alg: "HS256", kid: "k" }],
    ["a key of its own", { alg: "RS256", kid: "k", jwk: { kty: "oct", k: "AAAA" } }],
    ["an address for keys", { alg: "RS256", kid: "k", jku: "https://evil.example/keys" }],
    ["a critical extension", { alg: "RS256", kid: "k", crit: ["x"], x: 1 }],
    ["an unknown key id", { alg: "RS256", kid: "../k" }],
  ])("an assertion with %s in its header is rejected", async (_name, header) => {
    const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
    const body = { ...claims, iss: `https://${team}`, aud: audience, iat: 1, exp: 9e9 };
    const signed = `${part(header)}.${part(body)}`;
    const secret = await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(jwks),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const signature = new Uint8Array(
      await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(signed)),
    ).toBase64({ alphabet: "base64url", omitPadding: true });
    expect((await call(`${signed}.${signature}`)).status).toBe(401);
  });

  it.each([
    ["1 MB", "a".repeat(1_000_000)],
    ["1 MB of dots", ".".repeat(1_000_000)],
    ["two assertions", "a.b.c, a.b.c"],
  ])("an assertion of %s is rejected", async (_name, assertion) => {
    expect((await call(assertion)).status).toBe(401);
  });

  test("an assertion is rejected if Access is not configured", async () => {
    expect((await call(await signToken(), {})).status).toBe(401);
  });

  it.each([
    { ACCESS_TEAM_DOMAIN: team },
    { ACCESS_AUD: audience },
    { ...configured, ACCESS_TEAM_DOMAIN: "evil.example" },
    { ...configured, ACCESS_SCOPES: "read,root" },
  ])("an assertion is rejected if the configuration of Access is invalid: %j", async (change) => {
    expect((await call(await signToken(), change)).status).toBe(503);
  });
});

test("callers who use Access have the scopes in ACCESS_SCOPES", async () => {
  const change = { ...configured, ACCESS_SCOPES: "read" };
  const sameOrigin = { "sec-fetch-site": "same-origin" };
  expect((await call(await signToken(), change, sameOrigin, "POST")).status).toBe(403);
  expect((await call(await signToken(), configured, sameOrigin, "POST")).status).toBe(422);
});

it.each(["cross-site", "same-site", ""])(
  "a request from another site (%j) is rejected although it carries the visitor's cookie",
  async (site) => {
    const headers: Record<string, string> = site === "" ? {} : { "sec-fetch-site": site };
    const response = await call(await signToken(), configured, headers, "POST");
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining("cross-site request rejected"),
    ]);
  },
);
