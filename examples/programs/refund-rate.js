const { readFile } = await import("node:fs/promises");

const months = {};
for (const line of (await readFile("orders.csv", "utf8")).trim().split("\n").slice(1)) {
  const cells = line.split(",");
  const month = cells[1].slice(0, 7);
  months[month] ??= { orders: 0, refunded: 0 };
  months[month].orders += 1;
  if (cells[8] === "refunded") months[month].refunded += 1;
}
const worst = Object.entries(months).sort(
  ([, a], [, b]) => b.refunded / b.orders - a.refunded / a.orders,
)[0];
console.log(JSON.stringify({ month: worst[0], ...worst[1] }));
