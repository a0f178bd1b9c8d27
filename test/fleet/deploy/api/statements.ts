/** Runs SQL as D1's query route does: all statements of a request in one transaction. */
import type { DatabaseSync } from "node:sqlite";

const tokens = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\b\w+\b|[\s\S]/g;

/** The statements of a text. Semicolons inside the body of a trigger do not end one. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let text = "";
  let words: string[] = [];
  let depth = 0;
  for (const [token] of sql.matchAll(tokens)) {
    if (token.startsWith("--") || token.startsWith("/*")) continue;
    const word = token.toUpperCase();
    if (/^\w/.test(word)) words.push(word);
    const isTrigger = words[0] === "CREATE" && words.slice(1, 3).includes("TRIGGER");
    if (isTrigger && (word === "BEGIN" || word === "CASE")) depth += 1;
    if (isTrigger && word === "END") depth -= 1;
    if (token !== ";" || depth > 0) {
      text += token;
      continue;
    }
    if (text.trim() !== "") statements.push(text.trim());
    text = "";
    words = [];
  }
  if (text.trim() !== "") statements.push(text.trim());
  return statements;
}

export function runSql(database: DatabaseSync, sql: string, params: unknown[] = []): unknown[] {
  database.exec("BEGIN");
  try {
    const results = splitStatements(sql).map((statement) => ({
      success: true,
      results: database.prepare(statement).all(...(params as string[])),
      meta: { duration: 0, rows_read: 0, rows_written: 0, changes: 0 },
    }));
    database.exec("COMMIT");
    return results;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
