import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { callTool } from "../call_tool.ts";

interface BrowserRequest {
  action: string;
  options: Record<string, unknown>;
}

/** A fake of the browser binding, which records its requests. */
function browser(respond: (request: BrowserRequest) => Response) {
  const requests: BrowserRequest[] = [];
  return {
    requests,
    BROWSER: {
      async quickAction(action: string, options: Record<string, unknown>) {
        requests.push({ action, options });
        return respond({ action, options });
      },
    },
  };
}

/** What the browser reports about its way to the page. */
interface Arrival {
  finalUrl?: string;
  redirectChain?: { url: string; status: number; headers: Record<string, string> }[];
}

const markdown =
  (result: string, arrival: Arrival | null = null) =>
  ({ options }: BrowserRequest) =>
    Response.json({
      success: true,
      result,
      meta: { status: 200, title: "", ...(arrival ?? { finalUrl: options.url }) },
    });

const hop = (url: string) => ({ url, status: 302, headers: {} });

describe("browse", () => {
  test("returns a page as Markdown, and its request is decided, counted and logged", async () => {
    const { BROWSER, requests } = browser(markdown("# Hello"));
    const url = "https://site.example/a";
    const { text, status, row, decisions } = await callTool("browse", { url }, { BROWSER });
    expect([text, status]).toEqual(["# Hello", "done"]);
    expect(requests).toMatchObject([
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
  ])("does not open %s", async (_name, url) => {
    const { BROWSER, requests } = browser(markdown("no"));
    const { status, decisions } = await callTool("browse", { url }, { BROWSER });
    expect([status, requests]).toEqual(["failed", []]);
    expect(decisions).toMatchObject([{ action: "deny" }]);
  });

  test("may load only the paths that the policy permits at the page's origin", async () => {
    const { BROWSER, requests } = browser(markdown("# Docs"));
    const { text } = await callTool("browse", { url: "https://wiki.example/docs/a" }, { BROWSER });
    expect(text).toBe("# Docs");
    const patterns = (requests[0]?.options.allowRequestPattern ?? []) as string[];
    const mayLoad = (url: string) => patterns.some((pattern) => new RegExp(pattern).test(url));
    expect(mayLoad("https://wiki.example/docs/style.css")).toBe(true);
    for (const url of [
      "https://wiki.example/admin",
      "https://wiki.example/docs/..%2fadmin",
      "https://www.wiki.example/",
      "https://wikixexample/docs/",
    ]) {
      expect([url, mayLoad(url)]).toEqual([url, false]);
    }
    expect(requests[0]?.options.rejectResourceTypes).toEqual(
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
    ["an internal page", { finalUrl: "about:blank" }],
    ["an address that is not reported", {}],
    ["redirects that are not reported", { finalUrl: start, redirectChain: [] }],
    [
      "the page through a host that no rule lists",
      { finalUrl: start, redirectChain: [hop(start), hop("https://elsewhere.example/")] },
    ],
    [
      "the page through too many redirects",
      {
        finalUrl: start,
        redirectChain: Array.from({ length: 40 }, (_, n) => hop(`${start}/${n}`)),
      },
    ],
  ])("does not show a page that led to %s", async (_name, arrival) => {
    const { BROWSER } = browser(markdown("secret of elsewhere", arrival));
    const { text, status } = await callTool("browse", { url: start }, { BROWSER });
    expect([status, text]).toEqual(["failed", expect.not.stringContaining("secret")]);
  });

  test("each redirect is a separate decision and request", async () => {
    const arrival = {
      finalUrl: "https://www.wiki.example/start",
      redirectChain: [hop(start), hop("https://wiki.example/docs/b")],
    };
    const { BROWSER } = browser(markdown("# Start", arrival));
    const { text, decisions, row } = await callTool("browse", { url: start }, { BROWSER });
    expect(text).toBe("# Start");
    expect(decisions).toMatchObject([
      { url: start, action: "allow" },
      { url: "https://wiki.example/docs/b", action: "allow" },
      { url: "https://www.wiki.example/start", action: "allow" },
    ]);
    expect(JSON.parse(row.usage)).toMatchObject({ egress_requests: 3 });
  });

  test("the error for a blocked redirect says what to do", async () => {
    const { BROWSER } = browser(() =>
      Response.json(
        { success: false, errors: [{ message: "net::ERR_BLOCKED_BY_CLIENT" }] },
        { status: 422 },
      ),
    );
    const { text } = await callTool("browse", { url: start }, { BROWSER });
    expect(text).toContain("Call fetch_url to see that URL");
  });

  test("the browser's error is the result", async () => {
    const { BROWSER } = browser(() =>
      Response.json(
        { success: false, errors: [{ message: "Navigation timeout" }] },
        { status: 422 },
      ),
    );
    const { text } = await callTool("browse", { url: "https://site.example/" }, { BROWSER });
    expect(text).toBe("Navigation timeout");
  });

  test("an exception of the binding is a result without its message", async () => {
    const { BROWSER } = browser(() => {
      throw new Error("inside: token=abc");
    });
    const { text, status } = await callTool(
      "browse",
      { url: "https://site.example/" },
      { BROWSER },
    );
    expect(status).toBe("failed");
    expect(text).not.toContain("abc");
  });

  test("a credential on the page is scrubbed", async () => {
    const { BROWSER } = browser(markdown("leaked s3cr3t-key here"));
    const { text } = await callTool("browse", { url: "https://site.example/" }, { BROWSER });
    expect(text).toContain("leaked");
    expect(text).not.toContain("s3cr3t-key");
  });
});

describe("screenshot", () => {
  const png = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 255]);
  const snapshot =
    (screenshot: unknown, arrival: Arrival | null = null) =>
    ({ options }: BrowserRequest) =>
      Response.json({
        success: true,
        result: { screenshot, markdown: "" },
        meta: { status: 200, title: "", ...(arrival ?? { finalUrl: options.url }) },
      });
  const args = { url: "https://site.example/", path: "shots/a.png", full_page: true };

  test("writes an image to the workspace", async () => {
    const { BROWSER, requests } = browser(snapshot(png.toBase64()));
    const { row, text } = await callTool("screenshot", args, { BROWSER });
    expect(text).toBe("Wrote 10 bytes to shots/a.png.");
    expect(requests).toMatchObject([
      { action: "snapshot", options: { screenshotOptions: { type: "png", fullPage: true } } },
    ]);
    const object = await env.OBJECTS.get(row.result_key ?? "");
    expect(await object?.json()).toMatchObject({ files: { "shots/a.png": { bytes: 10 } } });
  });

  test.each<[string, unknown, Arrival | null]>([
    ["of another host", png.toBase64(), { finalUrl: "https://elsewhere.example/" }],
    ["of an unknown address", png.toBase64(), {}],
    ["that is not base64", "%%%", null],
    ["that is not a PNG", btoa("<html>"), null],
    ["that is missing", undefined, null],
  ])("does not write an image %s", async (_name, screenshot, arrival) => {
    const { BROWSER } = browser(snapshot(screenshot, arrival));
    const { row, status } = await callTool("screenshot", args, { BROWSER });
    expect(status).toBe("failed");
    const object = await env.OBJECTS.get(row.result_key ?? "");
    expect(await object?.json()).toMatchObject({ files: {} });
  });
});
