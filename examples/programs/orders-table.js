import fs from "node:fs";

function cells(line) {
  const found = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at <= line.length; at += 1) {
    const sign = line[at];
    if (sign === '"' && quoted && line[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (sign === '"') quoted = !quoted;
    else if (sign === undefined || (sign === "," && !quoted)) {
      found.push(cell);
      cell = "";
    } else cell += sign;
  }
  return found;
}
const noted = fs
  .readFileSync("orders.csv", "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map(cells)
  .filter((row) => row[10] !== "");
const table = [
  "| order | date | product | quantity | note |",
  "| --- | --- | --- | ---: | --- |",
  ...noted.map(
    (row) => `| ${row[0]} | ${row[1].slice(0, 10)} | ${row[4]} | ${row[5]} | ${row[10]} |`,
  ),
];
fs.writeFileSync("notes.md", `${table.join("\n")}\n`);
console.log(
  `rows: ${noted.length}, quoted: ${noted.filter((row) => row[10].includes('"')).length}`,
);
