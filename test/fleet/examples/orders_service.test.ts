import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OrdersService, startOrdersService } from "../../../examples/demo/orders_service.ts";

let upstream: OrdersService;
beforeAll(async () => {
  upstream = await startOrdersService({ token: "t0ken", port: 0 });
});
afterAll(() => upstream.stop());

const request = (path: string, init: RequestInit = {}) =>
  fetch(`${upstream.url}${path}`, { headers: { authorization: "Bearer t0ken" }, ...init });

describe("the orders service of the demo", () => {
  test.each([{}, { authorization: "Bearer wrong" }, { authorization: "t0ken" }])(
    "answers 401 to %j",
    async (headers) => {
      const response = await request("/v1/orders/O50007", { headers });
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain("O50007");
    },
  );

  test("returns one order with numeric fields", async () => {
    const response = await request("/v1/orders/O50007");
    expect(await response.json()).toMatchObject({
      order_id: "O50007",
      quantity: expect.any(Number),
    });
  });

  test("returns a filtered list in pages", async () => {
    let next: string | null = "/v1/orders?status=refunded&limit=10";
    const ids: string[] = [];
    while (next !== null) {
      const page: {
        orders: { order_id: string; status: string }[];
        total: number;
        next: string | null;
      } = await (await request(next)).json();
      expect(page.orders.every(({ status }) => status === "refunded")).toBe(true);
      ids.push(...page.orders.map(({ order_id: id }) => id));
      next = page.next;
      if (next === null) expect(ids).toHaveLength(page.total);
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each([
    ["/v1/orders/none", 404],
    ["/v1/orders?limit=0", 400],
    ["/v1/orders?offset=x", 400],
    ["/v1/else", 404],
    ["/admin", 404],
  ])("%s answers %d", async (path, status) => {
    expect((await request(path)).status).toBe(status);
  });

  test("accepts a note for an existing order and rejects any other", async () => {
    const post = (body: string) => request("/v1/notes", { method: "POST", body });
    expect((await post(JSON.stringify({ order_id: "O50007", text: "x" }))).status).toBe(201);
    expect((await post(JSON.stringify({ order_id: "none", text: "x" }))).status).toBe(422);
    expect((await post("{")).status).toBe(422);
  });

  test("returns the credential in body and headers of whoami, as careless services do", async () => {
    const response = await request("/v1/whoami");
    expect(response.headers.get("x-seen-authorization")).toBe("Bearer t0ken");
    expect(await response.text()).toContain("t0ken");
  });

  test("records every request, rejected ones included", async () => {
    await request("/v1/remember", { headers: {} });
    expect(upstream.requests.at(-1)).toEqual({
      method: "GET",
      path: "/v1/remember",
      authorized: false,
      body: "",
    });
  });
});
