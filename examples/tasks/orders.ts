import { dataText } from "../data.ts";
import type { ExampleTask } from "../example.ts";
import {
  boughtTogether,
  byCategory,
  currencyTotals,
  lowStock,
  ordersWithNotes,
  ratesToEuro,
  refundRate,
  revenueByCountry,
  topProducts,
} from "../ground_truth.ts";
import { afterSeeing, answer, call, run } from "../turns.ts";

const orders = { "orders.csv": { text: dataText("orders.csv") } };
const products = { "products.csv": { text: dataText("products.csv") } };
const labels = { team: "sales" };

/** Tasks about the tables of orders and products. */
export const orderTasks: ExampleTask[] = [
  {
    custom_id: "revenue-by-country",
    prompt:
      "orders.csv has the orders of six months. Give the revenue in euro per country with the rates in the input, the largest first; leave out cancelled and refunded orders.",
    input: { rates_to_eur: ratesToEuro },
    files: orders,
    labels,
    output_schema: {
      type: "object",
      properties: {
        countries: {
          type: "array",
          items: {
            type: "object",
            properties: {
              country: { type: "string" },
              orders: { type: "integer" },
              revenue_eur: { type: "number" },
            },
            required: ["country", "orders", "revenue_eur"],
          },
        },
      },
      required: ["countries"],
      additionalProperties: false,
    },
    rehearsal: [
      call("list_files", {}),
      call("read_file", { path: "orders.csv", limit: 600 }),
      afterSeeing("order_id,ordered_at", run("revenue-by-country")),
      afterSeeing(JSON.stringify(revenueByCountry), answer({ countries: revenueByCountry })),
    ],
  },
  {
    custom_id: "join-products",
    prompt:
      "Join orders.csv and products.csv on the product's sku. Write by-category.csv with category, orders and units, without cancelled orders, and say whether any order names an unknown product.",
    files: { ...orders, ...products },
    labels,
    rehearsal: [
      run("join-products"),
      afterSeeing(
        JSON.stringify({ categories: byCategory, unknown: 0 }),
        call("read_file", { path: "by-category.csv" }),
      ),
      afterSeeing(
        `tea,${byCategory.tea?.orders},${byCategory.tea?.units}`,
        answer({ text: "by-category.csv has six categories; every order names a known product." }),
      ),
    ],
  },
  {
    custom_id: "top-products",
    prompt: "Which five products sold the most units, counting shipped and delivered orders?",
    files: { ...orders, ...products },
    labels,
    rehearsal: [
      run("top-products"),
      afterSeeing(
        JSON.stringify(topProducts),
        answer({
          text: topProducts.map(({ name, units }) => `${name}: ${units}`).join("; "),
        }),
      ),
    ],
  },
  {
    custom_id: "currency-totals",
    prompt: "Sum the delivered orders per currency, without conversion.",
    files: orders,
    labels,
    output_schema: {
      type: "object",
      properties: Object.fromEntries(
        Object.keys(ratesToEuro).map((currency) => [currency, { type: "number" }]),
      ),
      required: Object.keys(ratesToEuro),
    },
    rehearsal: [
      run("currency-totals"),
      afterSeeing(JSON.stringify(currencyTotals), answer(currencyTotals)),
    ],
  },
  {
    custom_id: "orders-with-notes",
    prompt:
      "Write a Markdown table notes.md of all orders that have a note: order, date, product, quantity, note. Handle the quoting of the CSV.",
    files: orders,
    labels,
    rehearsal: [
      run("orders-table"),
      afterSeeing(
        `rows: ${ordersWithNotes.rows}, quoted: ${ordersWithNotes.quoted}`,
        answer({ text: `notes.md lists ${ordersWithNotes.rows} orders.` }),
      ),
    ],
  },
  {
    custom_id: "purchase-plan",
    prompt:
      "For each product whose stock is below its reorder level, plan to buy up to twice that level. Write purchase-plan.csv and give the value of the purchase.",
    files: products,
    labels: { team: "purchasing" },
    output_schema: {
      type: "object",
      properties: { products: { type: "integer" }, value_eur: { type: "number" } },
      required: ["products", "value_eur"],
    },
    rehearsal: [run("low-stock"), afterSeeing(JSON.stringify(lowStock), answer(lowStock))],
  },
  {
    custom_id: "runaway-memory",
    prompt: "Which two products did the most customers buy both of, and how many did?",
    files: orders,
    labels,
    output_schema: {
      type: "object",
      properties: {
        pair: { type: "string" },
        count: { type: "integer" },
        pairs: { type: "integer" },
      },
      required: ["pair", "count"],
    },
    rehearsal: [
      run("endless-allocation"),
      afterSeeing("was stopped", run("bounded-pairs")),
      afterSeeing(JSON.stringify(boughtTogether), answer(boughtTogether)),
    ],
  },
  {
    custom_id: "answer-corrected",
    prompt: "In which month was the share of refunded orders the highest?",
    files: orders,
    labels,
    output_schema: {
      type: "object",
      properties: {
        month: { type: "string", pattern: "^\\d{4}-\\d{2}$" },
        orders: { type: "integer" },
        refunded: { type: "integer" },
      },
      required: ["month", "orders", "refunded"],
      additionalProperties: false,
    },
    rehearsal: [
      run("refund-rate"),
      afterSeeing(
        JSON.stringify(refundRate),
        answer({ month: "March", orders: refundRate.orders, refunded: refundRate.refunded }),
      ),
      afterSeeing("month", answer(refundRate)),
    ],
  },
];
