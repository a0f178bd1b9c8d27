/**
 * Writes the example data, the same bytes on every run: `node examples/data/generate.ts`.
 * The files are committed; this program documents how they came about and is run by a test
 * to show that nobody edited them by hand.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { accessLog } from "./make-access-log.ts";
import { makeCustomers } from "./make-customers.ts";
import { makeOrders, ordersCsv } from "./make-orders.ts";
import { productsCsv } from "./make-products.ts";
import { makeTickets } from "./make-tickets.ts";

/** File name to text, computed from fixed seeds. */
export function generateAll(): Record<string, string> {
  const customers = makeCustomers();
  const orders = makeOrders(customers);
  return {
    "products.csv": productsCsv(),
    "customers.json": rowsOfJson(customers),
    "orders.csv": ordersCsv(orders),
    "tickets.json": rowsOfJson(makeTickets(orders)),
    "access.log": accessLog(),
  };
}

/** A JSON array with one element per line, so that a diff of the data can be read. */
function rowsOfJson(rows: readonly object[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(generateAll())) {
    writeFileSync(path.join(import.meta.dirname, name), text);
  }
}
