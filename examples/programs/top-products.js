const fs = require("node:fs");

const names = new Map(
  fs
    .readFileSync("products.csv", "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => /^([^,]+),(?:"([^"]*)"|([^,]*)),/.exec(line))
    .map(([, sku, quotedName, plainName]) => [sku, quotedName ?? plainName]),
);
const units = {};
for (const line of fs.readFileSync("orders.csv", "utf8").trim().split("\n").slice(1)) {
  const [, , , , sku, quantity, , , status] = line.split(",");
  if (status === "delivered" || status === "shipped")
    units[sku] = (units[sku] ?? 0) + Number(quantity);
}
const top = Object.entries(units)
  .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  .slice(0, 5)
  .map(([sku, sold]) => ({ sku, name: names.get(sku), units: sold }));
console.log(JSON.stringify(top));
