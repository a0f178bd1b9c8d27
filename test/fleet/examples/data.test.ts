import { describe, expect, test } from "vitest";
import { generateAll } from "../../../examples/data/generate.ts";
import type { Customer } from "../../../examples/data/make_customers.ts";
import { dataRows, dataText } from "../../../examples/data.ts";

describe("the shipped data", () => {
  test.each(Object.entries(generateAll()))(
    "%s equals the output of its generator, byte for byte",
    (name, text) => {
      expect(dataText(name)).toBe(text);
    },
  );

  test("is large enough for a realistic task", () => {
    expect(dataRows("orders.csv").length).toBeGreaterThanOrEqual(600);
    expect(JSON.parse(dataText("customers.json")).length).toBeGreaterThanOrEqual(200);
    expect(dataText("access.log").split("\n").length).toBeGreaterThanOrEqual(800);
    expect(JSON.parse(dataText("tickets.json")).length).toBeGreaterThanOrEqual(100);
  });

  test("every order names an existing customer and product", () => {
    const customers: Customer[] = JSON.parse(dataText("customers.json"));
    const ids = new Set(customers.map(({ id }) => id));
    const skus = new Set(dataRows("products.csv").map(({ sku }) => sku));
    const invalid = dataRows("orders.csv").filter(
      ({ customer_id: customer = "", product }) => !ids.has(customer) || !skus.has(product),
    );
    expect(invalid).toEqual([]);
  });

  test("every e-mail and network address is reserved for examples", () => {
    const customers: Customer[] = JSON.parse(dataText("customers.json"));
    const hosts = customers.map(({ email }) => email.trim().toLowerCase().split("@")[1] ?? "");
    expect(hosts.filter((host) => !/\.example(\.org)?$/.test(host))).toEqual([]);
    const addresses = dataText("access.log")
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0] ?? "");
    const reserved = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/;
    expect(addresses.filter((address) => !reserved.test(address))).toEqual([]);
  });
});
