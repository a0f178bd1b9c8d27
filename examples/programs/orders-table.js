import fs from "node:fs";

function cells(line) {
  const found = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at <= line.length; at += 1) {
    const char = line[at];
    if (char === '"' && quoted && line[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (char === '"') quoted = !quoted;
    else if (char === undefined || (char === "," && !quoted)) {
      found.push(cell);
      cell = "";
    } else cell += char;
  }
  return found;
}
const withNote = fs
  .readFileSync("orders.csv", "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map(cells)
  .filter((row) => row[10] !== "");
const table = [
  "| order | date | product | quantity | note |",
  "| --- | --- | --- | ---: | --- |",
  ...withNote.map(
    (row) => `| ${row[0]} | ${row[1].slice(0, 10)} | ${row[4]} | ${row[5]} | ${row[10]} |`,
  ),
];
fs.writeFileSync("notes.md", `${table.join("\n")}\n`);
console.log(
  `rows: ${withNote.length}, quoted: ${withNote.filter((row) => row[10].includes('"')).length}`,
);
