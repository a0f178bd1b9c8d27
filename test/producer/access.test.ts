import { createExecutionContext } from "cloudflare:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, test, vi } from "vitest";
import { assertionHeader } from "../../producer/auth/access.ts";
import producer from "../../producer/index.ts";
import { testFleet } from "./client.ts";

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

function signed(
  more: {
    key?: CryptoKey;
    claims?: JWTPayload;
    issuer?: string;
    audience?: string;
    exp?: string;
  } = {},
): Promise<string> {
  return new SignJWT(more.claims ?? claims)
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setIssuer(more.issuer ?? `https://${team}`)
    .setAudience(more.audience ?? audience)
    .setIssuedAt()
    .setExpirationTime(more.exp ?? "5m")
    .sign(more.key ?? pair.privateKey);
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

test("what Access signed for this application is let in", async () => {
  expect((await call(await signed())).status).toBe(200);
});

describe("nobody is let in", () => {
  it.each<[name: string, more: Parameters<typeof signed>[0]]>([
    ["by another application's assertion", { audience: "another" }],
    ["by another team's", { issuer: "https://other.cloudflareaccess.com" }],
    ["by one that has expired", { exp: "-5m" }],
    ["by one of nobody", { claims: {} }],
  ])("%s", async (_name, more) => {
    expect((await call(await signed(more))).status).toBe(401);
  });

  test("by another key's signature", async () => {
    expect((await call(await signed({ key: other.privateKey }))).status).toBe(401);
  });

  test("by one without a signature", async () => {
    const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
    const body = { ...claims, iss: `https://${team}`, aud: audience, iat: 1, exp: 9e9 };
    expect((await call(`${part({ alg: "none" })}.${part(body)}.`)).status).toBe(401);
  });

  test("where Access is not configured", async () => {
    expect((await call(await signed(), {})).status).toBe(401);
  });

  it.each([
    { ACCESS_TEAM_DOMAIN: team },
    { ACCESS_AUD: audience },
    { ...configured, ACCESS_TEAM_DOMAIN: "evil.example" },
    { ...configured, ACCESS_SCOPES: "read,root" },
  ])("where it is configured wrongly: %j", async (change) => {
    expect((await call(await signed(), change)).status).toBe(503);
  });
});

test("what people may do there is what ACCESS_SCOPES says", async () => {
  const change = { ...configured, ACCESS_SCOPES: "read" };
  const here = { "sec-fetch-site": "same-origin" };
  expect((await call(await signed(), change, here, "POST")).status).toBe(403);
  expect((await call(await signed(), configured, here, "POST")).status).toBe(422);
});

it.each(["cross-site", "same-site", ""])(
  "a page of another site (%j) changes nothing with the visitor's cookie",
  async (site) => {
    const headers: Record<string, string> = site === "" ? {} : { "sec-fetch-site": site };
    const answer = await call(await signed(), configured, headers, "POST");
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining("another site"),
    ]);
  },
);
