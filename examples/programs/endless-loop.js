import fs from "node:fs";

const lines = fs.readFileSync("orders.csv", "utf8").trim().split("\n");
const at = 1;
let units = 0;
while (at < lines.length) {
  units += Number(lines[at].split(",")[5]);
}
console.log(units);
