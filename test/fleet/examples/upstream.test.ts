import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OrdersUpstream, startOrdersUpstream } from "../../../examples/upstream.ts";

let upstream: OrdersUpstream;
beforeAll(async () => {
  upstream = await startOrdersUpstream({ token: "t0ken", port: 0 });
});
afterAll(() => upstream.stop());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${upstream.url}${path}`, { headers: { authorization: "Bearer t0ken" }, ...init });

describe("the orders service behind the demo", () => {
  test.each([{}, { authorization: "Bearer wrong" }, { authorization: "t0ken" }])(
    "answers 401 to %j",
    async (headers) => {
      const response = await ask("/v1/orders/O50007", { headers });
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain("O50007");
    },
  );

  test("serves one order with numbers as numbers", async () => {
    const response = await ask("/v1/orders/O50007");
    expect(await response.json()).toMatchObject({
      order_id: "O50007",
      quantity: expect.any(Number),
    });
  });

  test("pages through a filter to the end", async () => {
    let next: string | null = "/v1/orders?status=refunded&limit=10";
    const seen: string[] = [];
    while (next !== null) {
      const page: {
        orders: { order_id: string; status: string }[];
        total: number;
        next: string | null;
      } = await (await ask(next)).json();
      expect(page.orders.every(({ status }) => status === "refunded")).toBe(true);
      seen.push(...page.orders.map(({ order_id: id }) => id));
      next = page.next;
      if (next === null) expect(seen).toHaveLength(page.total);
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.each([
    ["/v1/orders/none", 404],
    ["/v1/orders?limit=0", 400],
    ["/v1/orders?offset=x", 400],
    ["/v1/else", 404],
    ["/admin", 404],
  ])("%s answers %d", async (path, status) => {
    expect((await ask(path)).status).toBe(status);
  });

  test("takes a note for an order that exists and refuses any other", async () => {
    const post = (body: string) => ask("/v1/notes", { method: "POST", body });
    expect((await post(JSON.stringify({ order_id: "O50007", text: "x" }))).status).toBe(201);
    expect((await post(JSON.stringify({ order_id: "none", text: "x" }))).status).toBe(422);
    expect((await post("{")).status).toBe(422);
  });

  test("whoami gives the credential back in body and headers, as careless services do", async () => {
    const response = await ask("/v1/whoami");
    expect(response.headers.get("x-seen-authorization")).toBe("Bearer t0ken");
    expect(await response.text()).toContain("t0ken");
  });

  test("remembers what was asked, refused requests included", async () => {
    await ask("/v1/remember", { headers: {} });
    expect(upstream.requests.at(-1)).toEqual({
      method: "GET",
      path: "/v1/remember",
      authorized: false,
      body: "",
    });
  });
});
