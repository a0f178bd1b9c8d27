import fs from "node:fs";

const rates = { EUR: 1, USD: 0.91, GBP: 1.14, CHF: 0.95 };
const byCountry = new Map();
for (const line of fs.readFileSync("orders.csv", "utf8").trim().split("\n").slice(1)) {
  const [, , , country, , quantity, price, currency, status] = line.split(",");
  if (status === "cancelled" || status === "refunded") continue;
  const row = byCountry.get(country) ?? { country, orders: 0, cents: 0 };
  row.orders += 1;
  row.cents += Math.round(Number(quantity) * Number(price) * rates[currency] * 100);
  byCountry.set(country, row);
}
const rows = [...byCountry.values()]
  .sort((a, b) => b.cents - a.cents)
  .map(({ country, orders, cents }) => ({ country, orders, revenue_eur: cents / 100 }));
console.log(JSON.stringify(rows));
