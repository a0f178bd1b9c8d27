import type { Customer } from "./make_customers.ts";
import { makeProducts } from "./make_products.ts";
import { Random } from "./random.ts";

export interface Order {
  order_id: string;
  ordered_at: string;
  customer_id: string;
  country: string;
  product: string;
  quantity: number;
  unit_price: number;
  currency: "EUR" | "USD" | "GBP" | "CHF";
  status: "pending" | "paid" | "shipped" | "delivered" | "refunded" | "cancelled";
  channel: "web" | "phone" | "store" | "partner";
  note: string;
}

const currencyOf: Record<string, Order["currency"]> = { US: "USD", GB: "GBP", CH: "CHF" };
const priceFactor = { EUR: 1, USD: 1.1, GBP: 0.88, CHF: 1.05 } as const;
const notes = [
  "Leave with the neighbour, please",
  "Gift wrap, no invoice in the parcel",
  'Label it "fragile"',
  "Call before delivery, door code 4471",
  "Second try, the first parcel got lost",
  "Grind for filter",
] as const;

/** 720 orders over the first half of 2025, in chronological order. */
export function makeOrders(customers: readonly Customer[]): Order[] {
  const random = new Random(20_250_630);
  const products = makeProducts();
  const start = Date.UTC(2025, 0, 2, 7);
  const span = Date.UTC(2025, 5, 30, 21) - start;
  const times = Array.from({ length: 720 }, () => start + Math.floor(random.next() * span)).sort(
    (a, b) => a - b,
  );
  return times.map((time, at) => {
    const customer = random.pick(customers);
    const product = random.pick(products);
    const currency = currencyOf[customer.country] ?? "EUR";
    const quantity = customer.segment === "consumer" ? random.whole(1, 4) : random.whole(3, 24);
    return {
      order_id: `O${String(50_001 + at)}`,
      ordered_at: `${new Date(time).toISOString().slice(0, 19)}Z`,
      customer_id: customer.id,
      country: customer.country,
      product: product.sku,
      quantity: product.unit_price > 100 ? Math.min(quantity, 3) : quantity,
      unit_price: Math.round(product.unit_price * priceFactor[currency] * 100) / 100,
      currency,
      status: random.weighted([
        ["delivered", 62], ["shipped", 14], ["paid", 9], ["pending", 5], ["refunded", 6], ["cancelled", 4],
      ] as const),
      channel: random.weighted([["web", 70], ["phone", 8], ["store", 12], ["partner", 10]] as const),
      note: random.chance(0.08) ? random.pick(notes) : "",
    };
  });
}

const columns = [
  "order_id", "ordered_at", "customer_id", "country", "product", "quantity",
  "unit_price", "currency", "status", "channel", "note",
] as const satisfies (keyof Order)[];

export function ordersCsv(orders: readonly Order[]): string {
  const rows = orders.map((order) =>
    columns
      .map((name) => (name === "unit_price" ? order.unit_price.toFixed(2) : quoteCell(String(order[name]))))
      .join(","),
  );
  return `${[columns.join(","), ...rows].join("\n")}\n`;
}

function quoteCell(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
