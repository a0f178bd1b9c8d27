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
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

const signed = (by: Pair, application: string): Promise<string> =>
  new SignJWT({ email: "someone@example.com" })
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setSubject("someone")
    .setIssuer(`https://${team}`)
    .setAudience(application)
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(by.privateKey);

/**
 * The producer as Cloudflare Access stands before it: each request to it carries an assertion. Its own
 * request for the team's keys leaves the runtime through this process, which answers it.
 */
describe.skipIf(!hasBrowser)("the dashboard behind Cloudflare Access", () => {
  let server: TestHarness;
  let url: string;
  let browser: Browser;
  let ours: Pair;
  let theirs: Pair;
  const asked: string[] = [];

  beforeAll(async () => {
    [ours, theirs] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
    const key = { ...(await exportJWK(ours.publicKey)), kid: "k", alg: "RS256", use: "sig" };
    const real = globalThis.fetch;
    vi.stubGlobal("fetch", async (input: string | URL | Request, init?: RequestInit) => {
      const to = new URL(input instanceof Request ? input.url : input);
      if (to.hostname === "127.0.0.1" || to.hostname === "localhost") return real(input, init);
      asked.push(to.href);
      return Response.json({ keys: [key] });
    });
    server = createTestHarness({
      root,
      workers: [
        {
          configPath: "wrangler.producer.toml",
          vars: { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: audience, ACCESS_SCOPES: "read" },
        },
        { configPath: "wrangler.consumer.toml" },
      ],
    });
    const [listening, started] = await Promise.all([server.listen(), startBrowser()]);
    url = listening.url.origin;
    browser = started;
    const { DB } = await server.getWorker<{ DB: D1Database }>().getEnv();
    for (const file of filesBelow("shared/migrations", ".sql")) {
      await DB.batch([DB.prepare(text(file))]);
    }
  }, startMsMax);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    vi.unstubAllGlobals();
  }, startMsMax);

  /** The page, with what Access adds to each request; null is a browser that came round it. */
  async function visit(assertion: string | null) {
    const { context, page } = await openPage(browser, {
      viewport: { width: 1280, height: 860 },
      ...(assertion === null ? {} : { extraHTTPHeaders: { [assertionHeader]: assertion } }),
    });
    await page.goto(url);
    contexts.push(context);
    return page;
  }
  const contexts: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  test("who is signed in there is let in without a key, and no credential is kept", async () => {
    const page = await visit(await signed(ours, audience));
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("No batch yet").waitFor();
    expect(await page.getByLabel("API key").count()).toBe(0);
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(0);
    expect(await page.evaluate("sessionStorage.length + localStorage.length")).toBe(0);
    expect(asked).toContain(`https://${team}/cdn-cgi/access/certs`);
  });

  test.each([
    ["another key's signature", () => signed(theirs, audience)],
    ["another application's assertion", () => signed(ours, "another")],
    ["what is no assertion", async () => "a.b.c"],
  ])("%s is refused, and the page says so", async (_what, made) => {
    const page = await visit(await made());
    expect(await page.getByRole("alert").textContent()).toContain(
      "this assertion of Cloudflare Access does not hold: sign in again",
    );
    await page.getByLabel("API key").waitFor();
  });

  test("who comes without an assertion is asked for a key, and told nothing", async () => {
    const page = await visit(null);
    await page.getByLabel("API key").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("who is signed out while the page is open is told", async () => {
    const page = await visit(await signed(ours, audience));
    await page.getByText("No batch yet").waitFor();
    await page.setExtraHTTPHeaders({ [assertionHeader]: await signed(theirs, audience) });
    await page.getByRole("link", { name: "Tasks", exact: true }).click();
    expect(await page.getByRole("alert").textContent()).toContain("sign in again");
  });
});
