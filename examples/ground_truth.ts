import type { Customer } from "./data/make_customers.ts";
import type { Ticket } from "./data/make_tickets.ts";
import { dataRows, dataText } from "./data.ts";

/**
 * The correct outputs of the example tasks, computed from the shipped data in other ways than the agents'
 * programs do. The scripted turns continue only if the sandbox printed these numbers.
 */
const orders = dataRows("orders.csv");
const products = dataRows("products.csv");
const customers: Customer[] = JSON.parse(dataText("customers.json"));
const tickets: Ticket[] = JSON.parse(dataText("tickets.json"));
const log = dataText("access.log").trim().split("\n");

const cell = (row: Record<string, string>, name: string): string => row[name] ?? "";
const number = (row: Record<string, string>, name: string): number => Number(cell(row, name));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const groupBy = <T>(rows: readonly T[], key: (row: T) => string): [string, T[]][] => {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  }
  return [...groups];
};

/** Euro per unit of each currency, the input of a task. */
export const ratesToEuro = { EUR: 1, USD: 0.91, GBP: 1.14, CHF: 0.95 } as const;

export const revenueByCountry = (() => {
  const counted = orders.filter((row) => !["cancelled", "refunded"].includes(cell(row, "status")));
  const euroCents = (row: Record<string, string>): number => {
    const rate = Object.entries(ratesToEuro).find(([name]) => name === row.currency)?.[1] ?? 0;
    return Math.round(number(row, "quantity") * number(row, "unit_price") * rate * 100);
  };
  return groupBy(counted, (row) => cell(row, "country"))
    .map(([country, rows]) => ({
      country,
      orders: rows.length,
      revenue_eur: sum(rows.map(euroCents)) / 100,
    }))
    .sort((a, b) => b.revenue_eur - a.revenue_eur);
})();

export const byCategory = (() => {
  const category = new Map(products.map((row) => [cell(row, "sku"), cell(row, "category")]));
  const counted = orders.filter((row) => row.status !== "cancelled");
  const groups = groupBy(counted, (row) => category.get(cell(row, "product")) ?? "");
  return Object.fromEntries(
    groups
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, rows]) => [
        name,
        { orders: rows.length, units: sum(rows.map((row) => number(row, "quantity"))) },
      ]),
  );
})();

export const logSummary = (() => {
  const status = (line: string): number => Number(line.split('" ')[1]?.split(" ")[0]);
  const seconds = (line: string): number => Number(line.slice(line.lastIndexOf(" ")));
  const errors = log.filter((line) => status(line) >= 500);
  const robots = ["bot", "zgrab", "python-requests"];
  const [worst] = groupBy(errors, (line) => line.split('"')[1]?.split(" ")[1] ?? "").sort(
    ([, a], [, b]) => b.length - a.length,
  );
  return {
    requests: log.length,
    errors: errors.length,
    bots: log.filter((line) => robots.some((word) => line.toLowerCase().includes(word))).length,
    slow: log.filter((line) => seconds(line) >= 1 && status(line) < 500).length,
    worst_path: worst?.[0] ?? "",
    worst_count: worst?.[1].length ?? 0,
  };
})();

export const logAnomalies = (() => {
  const failed = log.filter((line) => line.includes('"POST /login ') && line.includes('" 401 '));
  const outage = log.filter((line) => line.includes('"POST ') && line.includes('" 502 '));
  const minute = (line: string | undefined): string => line?.split("[")[1]?.slice(12, 17) ?? "";
  return {
    password_guessing: [{ ip: "203.0.113.77", count: failed.length }],
    probing: [{ ip: "203.0.113.200", count: log.filter((line) => line.includes("zgrab")).length }],
    outage: { from: minute(outage[0]), to: minute(outage.at(-1)), failed_checkouts: outage.length },
  };
})();

export const duplicates = (() => {
  const normalised = (email: string): string => {
    const [user = "", host = ""] = email.trim().toLowerCase().split("@");
    return `${user.split("+")[0]}@${host}`;
  };
  const groups = groupBy(customers, (customer) => normalised(customer.email));
  const merged = groups.flatMap(([, [first, ...others]]) =>
    others.map((other) => ({ duplicate: other.id, into: first?.id ?? "" })),
  );
  return {
    before: customers.length,
    after: groups.length,
    merged: merged.sort((a, b) => a.duplicate.localeCompare(b.duplicate)),
  };
})();

export const topProducts = groupBy(
  orders.filter((row) => ["delivered", "shipped"].includes(cell(row, "status"))),
  (row) => cell(row, "product"),
)
  .map(([sku, rows]) => ({
    sku,
    name: products.find((row) => row.sku === sku)?.name ?? "",
    units: sum(rows.map((row) => number(row, "quantity"))),
  }))
  .sort((a, b) => b.units - a.units || a.sku.localeCompare(b.sku))
  .slice(0, 5);

export const currencyTotals = Object.fromEntries(
  Object.keys(ratesToEuro).map((currency) => {
    const rows = orders.filter((o) => o.currency === currency && o.status === "delivered");
    const cents = rows.map((row) => number(row, "quantity") * number(row, "unit_price") * 100);
    return [currency, Math.round(sum(cents)) / 100];
  }),
);

export const ticketCounts = (() => {
  const categoryOf = ({ subject, body, order_id: order }: Ticket): string => {
    const text = `${subject} ${body}`.toLowerCase();
    const has = (...words: string[]): boolean => words.some((word) => text.includes(word));
    if (order === null) {
      return has("log in", "password", "my account") ? "account" : "question";
    }
    if (has("refund", "money back")) {
      return "refund";
    }
    return has("invoice")
      ? "invoice"
      : has("broken", "damaged", "in pieces")
        ? "damaged"
        : "delivery";
  };
  const groups = groupBy(tickets, categoryOf).sort(([a], [b]) => a.localeCompare(b));
  const urgent = ["third time", "disappointed", "unacceptable"];
  return {
    counts: Object.fromEntries(groups.map(([name, rows]) => [name, rows.length])),
    urgent: tickets
      .filter(({ body }) => urgent.some((words) => body.toLowerCase().includes(words)))
      .map(({ id }) => id),
  };
})();

const withNote = orders.filter((row) => row.note !== "");
export const ordersWithNotes = {
  rows: withNote.length,
  quoted: withNote.filter((row) => cell(row, "note").includes('"')).length,
  first: withNote[0]?.order_id ?? "",
};

export const lowStock = (() => {
  const low = products.filter((row) => number(row, "stock") < number(row, "reorder_level"));
  const buy = (row: Record<string, string>): number =>
    2 * number(row, "reorder_level") - number(row, "stock");
  return {
    products: low.length,
    value_eur: sum(low.map((row) => Math.round(buy(row) * number(row, "unit_price") * 100))) / 100,
  };
})();

export const refundRate = (() => {
  const [worst] = groupBy(orders, (row) => cell(row, "ordered_at").slice(0, 7))
    .map(([month, rows]) => ({
      month,
      orders: rows.length,
      refunded: rows.filter((row) => row.status === "refunded").length,
    }))
    .sort((a, b) => b.refunded / b.orders - a.refunded / a.orders);
  return worst ?? { month: "", orders: 0, refunded: 0 };
})();

export const unitsOrdered = sum(orders.map((row) => number(row, "quantity")));

export const pendingOrders = (() => {
  const pending = orders.filter((row) => row.status === "pending");
  return {
    pending: pending.length,
    units: sum(pending.map((row) => number(row, "quantity"))),
    pages: Math.ceil(pending.length / 15),
  };
})();

export const boughtTogether = (() => {
  const counts = new Map<string, number>();
  for (const [, rows] of groupBy(orders, (row) => cell(row, "customer_id"))) {
    const skus = [...new Set(rows.map((row) => cell(row, "product")))].sort();
    for (const pair of skus.flatMap((a) => skus.filter((b) => a < b).map((b) => `${a}+${b}`))) {
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  const [best] = [...counts].sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
  return { pair: best?.[0] ?? "", count: best?.[1] ?? 0, pairs: counts.size };
})();
