/**
 * Generates the example data, the same bytes on every run: `node examples/data/generate.ts`. The files are
 * committed; a test runs this program to check that they were not edited by hand.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { accessLog } from "./make_access_log.ts";
import { makeCustomers } from "./make_customers.ts";
import { ticketsGoldCsv } from "./make_gold.ts";
import { makeOrders, ordersCsv } from "./make_orders.ts";
import { productsCsv } from "./make_products.ts";
import { makeTickets } from "./make_tickets.ts";

/** Texts by file name, generated from fixed seeds. */
export function generateAll(): Record<string, string> {
  const customers = makeCustomers();
  const orders = makeOrders(customers);
  const tickets = makeTickets(orders);
  return {
    "products.csv": productsCsv(),
    "customers.json": jsonRows(customers),
    "orders.csv": ordersCsv(orders),
    "tickets.json": jsonRows(tickets),
    "tickets_gold.csv": ticketsGoldCsv(tickets),
    "access.log": accessLog(),
  };
}

/** A JSON array with one element per line, for readable diffs. */
function jsonRows(rows: readonly object[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(generateAll())) {
    writeFileSync(path.join(import.meta.dirname, name), text);
  }
}
