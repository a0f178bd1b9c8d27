import fs from "node:fs";

function cells(line) {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );
}
const read = (path) => fs.readFileSync(path, "utf8").trim().split("\n").slice(1).map(cells);
const categoryOf = new Map(read("products.csv").map(([sku, , category]) => [sku, category]));
const totals = {};
let unknown = 0;
for (const [, , , , sku, quantity, , , status] of read("orders.csv")) {
  const category = categoryOf.get(sku);
  if (category === undefined) unknown += 1;
  else if (status !== "cancelled") {
    totals[category] ??= { orders: 0, units: 0 };
    totals[category].orders += 1;
    totals[category].units += Number(quantity);
  }
}
const rows = Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1));
const csv = rows.map(([category, { orders, units }]) => `${category},${orders},${units}`);
fs.writeFileSync("by-category.csv", `category,orders,units\n${csv.join("\n")}\n`);
console.log(JSON.stringify({ categories: Object.fromEntries(rows), unknown }));
