const fs = require("node:fs");

const baskets = new Map();
for (const line of fs.readFileSync("orders.csv", "utf8").trim().split("\n").slice(1)) {
  const [, , customer, , sku] = line.split(",");
  baskets.set(customer, (baskets.get(customer) ?? new Set()).add(sku));
}
const pairs = new Map();
for (const basket of baskets.values()) {
  const skus = [...basket].sort();
  for (let a = 0; a < skus.length; a += 1) {
    for (let b = a + 1; b < skus.length; b += 1) {
      const pair = `${skus[a]}+${skus[b]}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
  }
}
const [pair, count] = [...pairs].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0];
console.log(JSON.stringify({ pair, count, pairs: pairs.size }));
