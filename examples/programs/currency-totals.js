import fs from "node:fs";

const totals = { EUR: 0, USD: 0, GBP: 0, CHF: 0 };
for (const line of fs.readFileSync("orders.csv", "utf8").trim().split("\n").slice(1)) {
  const [, , , , , quantity, price, currency, status] = line.split(",");
  if (status === "delivered")
    totals[currency] += Number(quantity) * Math.round(Number(price) * 100);
}
for (const currency of Object.keys(totals)) totals[currency] /= 100;
console.log(JSON.stringify(totals));
