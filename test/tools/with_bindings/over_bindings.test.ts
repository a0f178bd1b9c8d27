import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { called } from "../called.ts";

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
