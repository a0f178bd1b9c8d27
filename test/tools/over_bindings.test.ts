import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { DurableTask } from "../../shared/task.ts";
import { bench, call, finish, runTask, stepsOf } from "../consumer/harness.ts";

const open = {
  reading: {
    rules: [
      { host: "site.example" },
      {
        host: "keyed.example",
        inject: { header: "authorization", secret: "KEY", prefix: "Bearer " },
      },
      { host: "stock.internal.example", route: "STOCK" },
      { host: "wiki.example", path_prefix: "/docs" },
      { host: "wiki.example", path_prefix: "/admin", methods: ["POST"] },
      { host: "www.wiki.example" },
    ],
  },
};

/** Runs one call with the bindings given, and answers what the model read and what the task used. */
async function called(
  name: string,
  args: Record<string, unknown>,
  bindings: Record<string, unknown>,
  more: DurableTask = {},
) {
  const on = bench({ FLEET_POLICIES: JSON.stringify(open), SECRET_KEY: "s3cr3t-key", ...bindings });
  const row = await runTask(
    { prompt: "p", policy: "reading", rehearsal: [call(name, args), finish()], ...more },
    { bench: on },
  );
  const step = (await stepsOf(row.id)).find((each) => each.name === name);
  const text = step?.payload.kind === "tool" ? step.payload.text : "";
  const decisions = await env.DB.prepare(
    "SELECT url, action, reason, bytes_in FROM egress_log WHERE task_id = ?1",
  )
    .bind(row.id)
    .all();
  return { row, text, status: step?.status, decisions: decisions.results };
}

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

describe("generate_image", () => {
  const picture = { AI: { run: async () => Response.json({ image: btoa("jpeg") }) } };
  const args = { prompt: "a kettle", path: "k.jpg" };

  test("writes a picture and charges its price", async () => {
    const { row, text } = await called("generate_image", args, picture);
    expect(text).toBe("Wrote 4 bytes to k.jpg.");
    expect(JSON.parse(row.usage).cost_usd).toBeCloseTo(0.0006336, 7);
  });

  test("asks nothing when the budget leaves less than its price", async () => {
    let asked = 0;
    const AI = { run: async () => Response.json({ image: btoa(`${asked++}`) }) };
    const limits = { cost_usd: 0.0005 };
    const { text } = await called("generate_image", args, { AI }, { limits });
    expect(text).toContain("limits.cost_usd ($0.0005)");
    expect(asked).toBe(0);
  });

  test.each([
    ["bytes", () => new Response(new Uint8Array(9)), "Wrote 9 bytes"],
    ["no picture", () => Response.json({}), "without a picture"],
    ["no base64", () => Response.json({ image: "%%%" }), "without a picture"],
    ["busy", () => new Response("{}", { status: 429 }), "HTTP 429"],
  ])("an answer of %s", async (_name, answer, words) => {
    const { text } = await called("generate_image", args, { AI: { run: async () => answer() } });
    expect(text).toContain(words);
  });
});

describe("query_d1", () => {
  const QUERY_DB = env.DB;
  const rowsOf = async (sql: string, parameters: unknown[] = []) =>
    (await called("query_d1", { sql, parameters }, { QUERY_DB })).text;

  test("answers rows as JSON lines, values bound", async () => {
    expect(await rowsOf("SELECT ?1 AS a, ?2 AS b UNION ALL SELECT 3, NULL", [1, "x"])).toBe(
      '{"a":1,"b":"x"}\n{"a":3,"b":null}',
    );
  });

  test("says that there are more rows than it shows", async () => {
    const sql =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
    const text = await rowsOf(sql);
    expect(text.split("\n")).toHaveLength(201);
    expect(text).toContain("[200 rows shown, there are more");
  });

  test.each([
    "DELETE FROM tasks",
    "SELECT 1; DELETE FROM tasks",
    "WITH x AS (SELECT 1) DELETE FROM tasks",
    "SELECT 1) ; DELETE FROM tasks; SELECT * FROM (SELECT 1",
  ])("%s changes nothing", async (sql) => {
    const { row, status } = await called("query_d1", { sql }, { QUERY_DB });
    expect(status).toBe("failed");
    expect(row.status).toBe("succeeded");
  });

  test("what the database cannot read is told", async () => {
    expect(await rowsOf("SELECT a FROM nowhere")).toContain("no such table");
  });
});

test("search_vectors asks for the text's embedding and answers what is near", async () => {
  const asked: unknown[] = [];
  const bindings = {
    AI: {
      run: async (model: string, inputs: unknown) => {
        asked.push([model, inputs]);
        return Response.json({ shape: [1, 2], data: [[0.5, 0.25]] });
      },
    },
    VECTORS: {
      query: async (vector: number[], options: unknown) => {
        asked.push([vector, options]);
        return { count: 1, matches: [{ id: "a", score: 0.87654321, metadata: { t: "x" } }] };
      },
    },
  };
  const { text } = await called("search_vectors", { query: "kettles", count: 3 }, bindings);
  expect(text).toBe('{"id":"a","score":0.8765,"metadata":{"t":"x"}}');
  expect(asked).toEqual([
    ["@cf/baai/bge-m3", { text: ["kettles"] }],
    [[0.5, 0.25], { topK: 3, returnMetadata: "all" }],
  ]);
});

describe("send_email", () => {
  const mail = { to: "ops@a.example", subject: "s", text: "t" };
  const post = (sent: unknown[]) => ({
    EMAIL_FROM: "fleet@a.example",
    EMAIL_TO: "*@a.example",
    EMAIL: {
      send: async (message: unknown) => {
        sent.push(message);
        return { messageId: "m1" };
      },
    },
  });

  test("sends to an address that is permitted, after its intent is journaled", async () => {
    const sent: Record<string, unknown>[] = [];
    const { text, row } = await called("send_email", mail, post(sent));
    expect(text).toContain("message m1");
    const headers = { "X-Idempotency-Key": `${row.id}:2` };
    expect(sent).toEqual([{ from: "fleet@a.example", ...mail, headers }]);
  });

  test.each([
    { ...mail, to: "x@b.example" },
    { ...mail, subject: "s\r\nBcc: x@b.example" },
  ])("$to, $subject is not sent", async (args) => {
    const sent: unknown[] = [];
    expect((await called("send_email", args, post(sent))).status).toBe("failed");
    expect(sent).toEqual([]);
  });

  test("a failure of the service is told as uncertain", async () => {
    const EMAIL = { send: () => Promise.reject(new Error("E_INTERNAL")) };
    const { text } = await called("send_email", mail, { ...post([]), EMAIL });
    expect(text).toContain("may or may not have left");
  });
});

describe("call_service", () => {
  class Fetcher {
    readonly asked: string[] = [];
    async fetch(url: string, init: RequestInit) {
      this.asked.push(`${init.method} ${url} ${String(init.body ?? "")}`);
      return Response.json({ stock: 3 });
    }
  }

  test("goes to the binding that a rule of the policy routes to", async () => {
    const STOCK = new Fetcher();
    const args = { service: "stock", path: "/v1/stock?sku=1" };
    const { text, decisions } = await called("call_service", args, { STOCK });
    expect(text).toBe('HTTP 200\n\n{"stock":3}');
    expect(STOCK.asked).toEqual(["GET https://stock.internal.example/v1/stock?sku=1 "]);
    expect(decisions).toMatchObject([{ action: "allow" }]);
  });

  test.each([
    [
      "an unknown service is told which there are",
      { service: "x", path: "/" },
      "There are: STOCK.",
    ],
    ["a path to another host is refused", { service: "STOCK", path: "//evil.example/" }, "one /"],
    ["a URL is refused", { service: "STOCK", path: "https://evil.example/" }, "one /"],
  ])("%s", async (_name, args, words) => {
    const STOCK = new Fetcher();
    expect((await called("call_service", args, { STOCK })).text).toContain(words);
    expect(STOCK.asked).toEqual([]);
  });
});
