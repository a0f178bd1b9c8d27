import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { called } from "../called.ts";

interface Asked {
  action: string;
  options: Record<string, unknown>;
}

/** A browser as its binding is: one method, a Response, JSON where it has text or an error. */
function browser(answer: (asked: Asked) => Response) {
  const asked: Asked[] = [];
  return {
    asked,
    BROWSER: {
      async quickAction(action: string, options: Record<string, unknown>) {
        asked.push({ action, options });
        return answer({ action, options });
      },
    },
  };
}

/** What the browser says of the page that it shows. */
interface Arrival {
  finalUrl?: string;
  redirectChain?: { url: string; status: number; headers: Record<string, string> }[];
}

const markdown =
  (result: string, arrival: Arrival | null = null) =>
  ({ options }: Asked) =>
    Response.json({
      success: true,
      result,
      meta: { status: 200, title: "", ...(arrival ?? { finalUrl: options.url }) },
    });

const hop = (url: string) => ({ url, status: 302, headers: {} });

describe("browse", () => {
  test("answers a page as Markdown, decided, counted and logged like any request", async () => {
    const { BROWSER, asked } = browser(markdown("# Hello"));
    const url = "https://site.example/a";
    const { text, status, row, decisions } = await called("browse", { url }, { BROWSER });
    expect([text, status]).toEqual(["# Hello", "done"]);
    expect(asked).toMatchObject([
      {
        action: "markdown",
        options: { url, allowRequestPattern: ["^https://site\\.example/"], cacheTTL: 0 },
      },
    ]);
    expect(decisions).toMatchObject([{ url, action: "allow" }]);
    expect(JSON.parse(row.usage)).toMatchObject({ egress_requests: 1 });
  });

  test.each([
    ["a host that no rule lists", "https://elsewhere.example/"],
    ["a host whose rule adds a credential", "https://keyed.example/"],
    ["a host behind a binding", "https://stock.internal.example/"],
    ["a private address", "https://127.0.0.1/"],
    ["another scheme", "http://site.example/"],
  ])("%s is refused before the browser is asked", async (_name, url) => {
    const { BROWSER, asked } = browser(markdown("no"));
    const { status, decisions } = await called("browse", { url }, { BROWSER });
    expect([status, asked]).toEqual(["failed", []]);
    expect(decisions).toMatchObject([{ action: "deny" }]);
  });

  test("is held to the paths that the policy permits at the page's origin", async () => {
    const { BROWSER, asked } = browser(markdown("# Docs"));
    const { text } = await called("browse", { url: "https://wiki.example/docs/a" }, { BROWSER });
    expect(text).toBe("# Docs");
    const told = (asked[0]?.options.allowRequestPattern ?? []) as string[];
    const may = (url: string) => told.some((pattern) => new RegExp(pattern).test(url));
    expect(may("https://wiki.example/docs/style.css")).toBe(true);
    for (const url of [
      "https://wiki.example/admin",
      "https://wiki.example/docs/..%2fadmin",
      "https://www.wiki.example/",
      "https://wikixexample/docs/",
    ]) {
      expect([url, may(url)]).toEqual([url, false]);
    }
    expect(asked[0]?.options.rejectResourceTypes).toEqual(
      expect.arrayContaining(["websocket", "eventsource", "ping", "prefetch"]),
    );
  });

  const start = "https://wiki.example/docs/a";
  test.each<[string, Arrival]>([
    ["a host that no rule lists", { finalUrl: "https://elsewhere.example/" }],
    ["a path that no rule permits", { finalUrl: "https://wiki.example/admin" }],
    ["another scheme", { finalUrl: "http://wiki.example/docs/a" }],
    ["a host whose rule adds a credential", { finalUrl: "https://keyed.example/" }],
    ["a private address", { finalUrl: "https://127.0.0.1/docs/a" }],
    ["no page of the network", { finalUrl: "about:blank" }],
    ["nothing that it says", {}],
    ["what it cannot say", { finalUrl: start, redirectChain: [] }],
    [
      "the page over a host that no rule lists",
      { finalUrl: start, redirectChain: [hop(start), hop("https://elsewhere.example/")] },
    ],
    [
      "the page over too many redirects",
      {
        finalUrl: start,
        redirectChain: Array.from({ length: 40 }, (_, n) => hop(`${start}/${n}`)),
      },
    ],
  ])("a page that led to %s is not shown", async (_name, arrival) => {
    const { BROWSER } = browser(markdown("secret of elsewhere", arrival));
    const { text, status } = await called("browse", { url: start }, { BROWSER });
    expect([status, text]).toEqual(["failed", expect.not.stringContaining("secret")]);
  });

  test("each redirect that it followed is a decision and a request of its own", async () => {
    const arrival = {
      finalUrl: "https://www.wiki.example/start",
      redirectChain: [hop(start), hop("https://wiki.example/docs/b")],
    };
    const { BROWSER } = browser(markdown("# Start", arrival));
    const { text, decisions, row } = await called("browse", { url: start }, { BROWSER });
    expect(text).toBe("# Start");
    expect(decisions).toMatchObject([
      { url: start, action: "allow" },
      { url: "https://wiki.example/docs/b", action: "allow" },
      { url: "https://www.wiki.example/start", action: "allow" },
    ]);
    expect(JSON.parse(row.usage)).toMatchObject({ egress_requests: 3 });
  });

  test("what it may not load is told with what to do", async () => {
    const { BROWSER } = browser(() =>
      Response.json(
        { success: false, errors: [{ message: "net::ERR_BLOCKED_BY_CLIENT" }] },
        { status: 422 },
      ),
    );
    const { text } = await called("browse", { url: start }, { BROWSER });
    expect(text).toContain("fetch_url shows where");
  });

  test("what the browser says is wrong is told", async () => {
    const { BROWSER } = browser(() =>
      Response.json(
        { success: false, errors: [{ message: "Navigation timeout" }] },
        { status: 422 },
      ),
    );
    const { text } = await called("browse", { url: "https://site.example/" }, { BROWSER });
    expect(text).toBe("Navigation timeout");
  });

  test("a browser that throws is an answer", async () => {
    const { BROWSER } = browser(() => {
      throw new Error("inside: token=abc");
    });
    const { text, status } = await called("browse", { url: "https://site.example/" }, { BROWSER });
    expect(status).toBe("failed");
    expect(text).not.toContain("abc");
  });

  test("a credential of the task's policy that a page shows is scrubbed", async () => {
    const { BROWSER } = browser(markdown("leaked s3cr3t-key here"));
    const { text } = await called("browse", { url: "https://site.example/" }, { BROWSER });
    expect(text).toContain("leaked");
    expect(text).not.toContain("s3cr3t-key");
  });
});

describe("screenshot", () => {
  const png = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 255]);
  const snapshot =
    (screenshot: unknown, arrival: Arrival | null = null) =>
    ({ options }: Asked) =>
      Response.json({
        success: true,
        result: { screenshot, markdown: "" },
        meta: { status: 200, title: "", ...(arrival ?? { finalUrl: options.url }) },
      });
  const args = { url: "https://site.example/", path: "shots/a.png", full_page: true };

  test("writes a picture to the workspace", async () => {
    const { BROWSER, asked } = browser(snapshot(png.toBase64()));
    const { row, text } = await called("screenshot", args, { BROWSER });
    expect(text).toBe("Wrote 10 bytes to shots/a.png.");
    expect(asked).toMatchObject([
      { action: "snapshot", options: { screenshotOptions: { type: "png", fullPage: true } } },
    ]);
    const object = await env.OBJECTS.get(row.result_key ?? "");
    expect(await object?.json()).toMatchObject({ files: { "shots/a.png": { bytes: 10 } } });
  });

  test.each<[string, unknown, Arrival | null]>([
    ["of elsewhere", png.toBase64(), { finalUrl: "https://elsewhere.example/" }],
    ["of an unknown place", png.toBase64(), {}],
    ["that is no base64", "%%%", null],
    ["that is no PNG", btoa("<html>"), null],
    ["that is none", undefined, null],
  ])("a picture %s is not written", async (_name, screenshot, arrival) => {
    const { BROWSER } = browser(snapshot(screenshot, arrival));
    const { row, status } = await called("screenshot", args, { BROWSER });
    expect(status).toBe("failed");
    const object = await env.OBJECTS.get(row.result_key ?? "");
    expect(await object?.json()).toMatchObject({ files: {} });
  });
});
