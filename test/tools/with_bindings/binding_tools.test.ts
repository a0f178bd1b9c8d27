import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { callTool } from "../call_tool.ts";

describe("`generate_image`", () => {
  const image = { AI: { run: async () => Response.json({ image: btoa("jpeg") }) } };
  const args = { prompt: "a kettle", path: "k.jpg" };

  test("writes an image and charges its price", async () => {
    const { row, text } = await callTool("generate_image", args, image);
    expect(text).toBe("Wrote 4 bytes to k.jpg.");
    expect(JSON.parse(row.usage).cost_usd).toBeCloseTo(0.0006336, 7);
  });

  test("makes no call when the budget leaves less than its price", async () => {
    let calls = 0;
    const AI = { run: async () => Response.json({ image: btoa(`${calls++}`) }) };
    const limits = { cost_usd: 0.0005 };
    const { text } = await callTool("generate_image", args, { AI }, { limits });
    expect(text).toContain("limits.cost_usd ($0.0005)");
    expect(calls).toBe(0);
  });

  test.each([
    ["bytes", () => new Response(new Uint8Array(9)), "Wrote 9 bytes"],
    ["no image", () => Response.json({}), "no image"],
    ["invalid base64", () => Response.json({ image: "%%%" }), "no image"],
    ["a 429", () => new Response("{}", { status: 429 }), "HTTP 429"],
  ])("handles a response of %s", async (_name, respond, expected) => {
    const { text } = await callTool("generate_image", args, { AI: { run: async () => respond() } });
    expect(text).toContain(expected);
  });
});

describe("query_d1", () => {
  const QUERY_DB = env.DB;
  const rowsOf = async (sql: string, parameters: unknown[] = []) =>
    (await callTool("query_d1", { sql, parameters }, { QUERY_DB })).text;

  test("returns rows as JSON lines, with bound values", async () => {
    expect(await rowsOf("SELECT ?1 AS a, ?2 AS b UNION ALL SELECT 3, NULL", [1, "x"])).toBe(
      '{"a":1,"b":"x"}\n{"a":3,"b":null}',
    );
  });

  test("says that there are more rows than it shows", async () => {
    const sql =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
    const text = await rowsOf(sql);
    expect(text.split("\n")).toHaveLength(201);
    expect(text).toContain("[200 rows shown, more exist");
  });

  test.each([
    "DELETE FROM tasks",
    "SELECT 1; DELETE FROM tasks",
    "WITH x AS (SELECT 1) DELETE FROM tasks",
    "SELECT 1) ; DELETE FROM tasks; SELECT * FROM (SELECT 1",
  ])("%s changes nothing", async (sql) => {
    const { row, status } = await callTool("query_d1", { sql }, { QUERY_DB });
    expect(status).toBe("failed");
    expect(row.status).toBe("succeeded");
  });

  test("returns the error of the database", async () => {
    expect(await rowsOf("SELECT a FROM nowhere")).toContain("no such table");
  });
});

test("`search_vectors` embeds the text and returns the closest entries", async () => {
  const calls: unknown[] = [];
  const bindings = {
    AI: {
      run: async (model: string, inputs: unknown) => {
        calls.push([model, inputs]);
        return Response.json({ shape: [1, 2], data: [[0.5, 0.25]] });
      },
    },
    VECTORS: {
      query: async (vector: number[], options: unknown) => {
        calls.push([vector, options]);
        return { count: 1, matches: [{ id: "a", score: 0.87654321, metadata: { t: "x" } }] };
      },
    },
  };
  const { text } = await callTool("search_vectors", { query: "kettles", count: 3 }, bindings);
  expect(text).toBe('{"id":"a","score":0.8765,"metadata":{"t":"x"}}');
  expect(calls).toEqual([
    ["@cf/baai/bge-m3", { text: ["kettles"] }],
    [[0.5, 0.25], { topK: 3, returnMetadata: "all" }],
  ]);
});

describe("`send_email`", () => {
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

  test("sends a message to a permitted address", async () => {
    const sent: Record<string, unknown>[] = [];
    const { text, row } = await callTool("send_email", mail, post(sent));
    expect(text).toContain("message m1");
    const headers = { "X-Idempotency-Key": `${row.id}:2` };
    expect(sent).toEqual([{ from: "fleet@a.example", ...mail, headers }]);
  });

  test.each([
    { ...mail, to: "x@b.example" },
    { ...mail, subject: "s\r\nBcc: x@b.example" },
  ])("does not send to $to with the subject $subject", async (args) => {
    const sent: unknown[] = [];
    expect((await callTool("send_email", args, post(sent))).status).toBe("failed");
    expect(sent).toEqual([]);
  });

  test("reports a failure of the service as uncertain", async () => {
    const EMAIL = { send: () => Promise.reject(new Error("E_INTERNAL")) };
    const { text } = await callTool("send_email", mail, { ...post([]), EMAIL });
    expect(text).toContain("may or may not have left");
  });
});

describe("`call_service`", () => {
  class Fetcher {
    readonly requests: string[] = [];
    async fetch(url: string, init: RequestInit) {
      this.requests.push(`${init.method} ${url} ${String(init.body ?? "")}`);
      return Response.json({ stock: 3 });
    }
  }

  test("calls the binding that a rule of the policy routes to", async () => {
    const STOCK = new Fetcher();
    const args = { service: "stock", path: "/v1/stock?sku=1" };
    const { text, decisions } = await callTool("call_service", args, { STOCK });
    expect(text).toBe('HTTP 200\n\n{"stock":3}');
    expect(STOCK.requests).toEqual(["GET https://stock.internal.example/v1/stock?sku=1 "]);
    expect(decisions).toMatchObject([{ action: "allow" }]);
  });

  test.each([
    [
      "the error for an unknown service lists the services",
      { service: "x", path: "/" },
      "The services are: STOCK.",
    ],
    [
      "a path to another host is rejected",
      { service: "STOCK", path: "//evil.example/" },
      "single /",
    ],
    ["a URL is rejected", { service: "STOCK", path: "https://evil.example/" }, "single /"],
  ])("%s", async (_name, args, text) => {
    const STOCK = new Fetcher();
    expect((await callTool("call_service", args, { STOCK })).text).toContain(text);
    expect(STOCK.requests).toEqual([]);
  });
});
