import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestHarness, type TestHarness } from "wrangler";
import { assertionHeader } from "../../../producer/auth/access.ts";
import { filesBelow, root, text } from "../docs/page.ts";
import { hasBrowser, openPage, startBrowser } from "./browser.ts";

const startMsMax = 120_000;
const team = "team.cloudflareaccess.com";
const audience = "the-application";
const vars = { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: audience, ACCESS_SCOPES: "read" };
type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

const sign = (pair: KeyPair, application: string): Promise<string> =>
  new SignJWT({ email: "someone@example.com" })
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setSubject("someone")
    .setIssuer(`https://${team}`)
    .setAudience(application)
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(pair.privateKey);

/** Answers the producer's request for the team's keys, which leaves the runtime through this process. */
async function serveKeys(pair: KeyPair): Promise<string[]> {
  const key = { ...(await exportJWK(pair.publicKey)), kid: "k", alg: "RS256", use: "sig" };
  const realFetch = globalThis.fetch;
  const keyRequests: string[] = [];
  vi.stubGlobal("fetch", async (input: string | URL | Request, init?: RequestInit) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.hostname === "127.0.0.1" || url.hostname === "localhost") return realFetch(input, init);
    keyRequests.push(url.href);
    return Response.json({ keys: [key] });
  });
  return keyRequests;
}

async function startServer(): Promise<{ server: TestHarness; url: string }> {
  const server = createTestHarness({
    root,
    workers: [
      { configPath: "wrangler.producer.toml", vars },
      { configPath: "wrangler.consumer.toml" },
    ],
  });
  const { url } = await server.listen();
  const { DB } = await server.getWorker<{ DB: D1Database }>().getEnv();
  for (const file of filesBelow("shared/migrations", ".sql")) {
    await DB.batch([DB.prepare(text(file))]);
  }
  return { server, url: url.origin };
}

/** Access adds an assertion to each request; here the browser sends it as a header. */
describe.skipIf(!hasBrowser)("the dashboard behind Cloudflare Access", () => {
  let server: TestHarness;
  let url: string;
  let browser: Browser;
  let ours: KeyPair;
  let theirs: KeyPair;
  let keyRequests: string[] = [];
  const contexts: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    [ours, theirs] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
    keyRequests = await serveKeys(ours);
    [{ server, url }, browser] = await Promise.all([startServer(), startBrowser()]);
  }, startMsMax);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    vi.unstubAllGlobals();
  }, startMsMax);

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  /** Opens the page with an assertion; null is a browser that bypasses Access. */
  async function visit(assertion: string | null) {
    const { context, page } = await openPage(browser, {
      viewport: { width: 1280, height: 860 },
      ...(assertion === null ? {} : { extraHTTPHeaders: { [assertionHeader]: assertion } }),
    });
    await page.goto(url);
    contexts.push(context);
    return page;
  }

  test("a user of Access needs no API key, and the browser stores no credential", async () => {
    const page = await visit(await sign(ours, audience));
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("No batch yet").waitFor();
    expect(await page.getByLabel("API key").count()).toBe(0);
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(0);
    expect(await page.evaluate("sessionStorage.length + localStorage.length")).toBe(0);
    expect(keyRequests).toContain(`https://${team}/cdn-cgi/access/certs`);
  });

  test.each([
    ["signed with another key", () => sign(theirs, audience)],
    ["for another application", () => sign(ours, "another")],
    ["that is not a token", async () => "a.b.c"],
  ])("an assertion %s is rejected, and the page shows why", async (_name, createAssertion) => {
    const page = await visit(await createAssertion());
    expect(await page.getByRole("alert").textContent()).toContain(
      "invalid Cloudflare Access assertion: sign in again",
    );
    await page.getByLabel("API key").waitFor();
  });

  test("a request without an assertion gets the key form without a message", async () => {
    const page = await visit(null);
    await page.getByLabel("API key").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("a session that ends while the page is open shows a message", async () => {
    const page = await visit(await sign(ours, audience));
    await page.getByText("No batch yet").waitFor();
    await page.setExtraHTTPHeaders({ [assertionHeader]: await sign(theirs, audience) });
    await page.getByRole("link", { name: "Tasks", exact: true }).click();
    expect(await page.getByRole("alert").textContent()).toContain("sign in again");
  });
});
