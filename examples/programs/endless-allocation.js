import fs from "node:fs";

const pairs = [];
const rows = fs.readFileSync("orders.csv", "utf8").trim().split("\n");
for (let at = 0; ; at += 1) {
  pairs.push(rows.map((row) => `${row}|${rows[at % rows.length]}`));
}
