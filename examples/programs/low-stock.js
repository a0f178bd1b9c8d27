import fs from "node:fs";

const rows = fs
  .readFileSync("products.csv", "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.match(/("[^"]*"|[^,]+)/g));
const low = rows
  .filter(([, , , , , stock, reorder]) => Number(stock) < Number(reorder))
  .map(([sku, , , price, , stock, reorder]) => ({
    sku,
    buy: 2 * reorder - stock,
    cents: (2 * reorder - stock) * Math.round(price * 100),
  }));
fs.writeFileSync(
  "purchase-plan.csv",
  `sku,buy\n${low.map(({ sku, buy }) => `${sku},${buy}`).join("\n")}\n`,
);
const total = low.reduce((sum, { cents }) => sum + cents, 0);
console.log(JSON.stringify({ products: low.length, value_eur: total / 100 }));
