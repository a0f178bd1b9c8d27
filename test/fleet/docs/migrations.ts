/** What the migrations make: each table and view with its columns, read from their SQL. */
import { filesBelow, text } from "./page.ts";

export const sql = filesBelow("shared/migrations", ".sql")
  .map(text)
  .join("\n")
  .replace(/--.*$/gm, "");

/** The parts of a list in parentheses that are parted by commas of the outermost level. */
function parts(list: string): string[] {
  const problems: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of list) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (char === "," && depth === 0) {
      problems.push(part.trim());
      part = "";
    } else part += char;
  }
  return [...problems, part.trim()];
}

export const tables: ReadonlyMap<string, string[]> = new Map(
  [...sql.matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\n\)/g)].map(([, name = "", body = ""]) => [
    name,
    [
      ...parts(body)
        .filter((part) => !/^(PRIMARY KEY|CHECK|UNIQUE|FOREIGN)/.test(part))
        .map((part) => part.split(/\s/)[0] ?? ""),
      ...addedTo(name),
    ],
  ]),
);

/** The columns that later migrations add to a table, in their order. A table may be built again. */
function addedTo(table: string): string[] {
  const built = sql.lastIndexOf(`CREATE TABLE ${table} (`);
  const added = new RegExp(`ALTER TABLE ${table} ADD COLUMN (\\w+)`, "g");
  return [...sql.slice(built).matchAll(added)].map(([, column = ""]) => column);
}

export const views: ReadonlyMap<string, string[]> = new Map(
  [...sql.matchAll(/CREATE VIEW (\w+) AS\s+SELECT([\s\S]*?)\nFROM/g)].map(
    ([, name = "", body = ""]) => [name, parts(body).map((part) => /(\w+)$/.exec(part)?.[1] ?? "")],
  ),
);

/** The quoted words of a column's CHECK. */
export function checkedWords(column: string): string[] {
  const check = new RegExp(`\\b${column}\\s+TEXT[^,]*CHECK \\(${column} IN\\s*\\(([^)]*)\\)`);
  return [...(check.exec(sql)?.[1] ?? "").matchAll(/'(\w+)'/g)].map(([, word = ""]) => word);
}
