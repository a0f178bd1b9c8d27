/** Parses CSV with quoted cells: one object for each row, keyed by the header, every value as text. */
function parseCsv(text, delimiter = ",") {
  const rows = [[""]];
  let quoted = false;
  const source = text.replace(/^\uFEFF/, "");
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at];
    const row = rows[rows.length - 1];
    if (quoted) {
      if (char !== '"') row[row.length - 1] += char;
      else if (source[at + 1] === '"') {
        row[row.length - 1] += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"' && row[row.length - 1] === "") quoted = true;
    else if (char === delimiter) row.push("");
    else if (char === "\n") rows.push([""]);
    else if (char !== "\r") row[row.length - 1] += char;
  }
  const [head, ...body] = rows.filter((row) => row.length > 1 || row[0] !== "");
  if (head === undefined) return [];
  return body.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at] ?? ""])));
}

module.exports = { parseCsv };
