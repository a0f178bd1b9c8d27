import fs from "node:fs";

const lines = fs.readFileSync("orders.csv", "utf8").trim().split("\n");
let units = 0;
for (let at = 1; at < lines.length; at += 1) {
  units += Number(lines[at].split(",")[5]);
}
console.log(`units: ${units}`);
