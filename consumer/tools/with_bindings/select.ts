/** Checks that a text is one SELECT that can change nothing. Conservative: in doubt it rejects. */
import { err, ok, type Result } from "../../../shared/result.ts";

/** A quoted text, all that follows an open quote, a word, or one other character. */
const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|['"`[][\s\S]*|[A-Za-z_][\w$]*|\S/g;

/** Words of statements that change something or reach outside the database. */
const changing = new Set(
  (
    "insert update delete create drop alter attach detach pragma vacuum reindex analyze begin commit rollback " +
    "savepoint release returning load_extension"
  ).split(" "),
);

/**
 * Whether the text may run inside `SELECT * FROM (…)`. Its parentheses must balance and never close more than
 * they opened, so that the text cannot leave the ones around it. The error says what to write instead.
 */
export function checkSelect(sql: string): Result<void, string> {
  const parts = sql.match(token) ?? [];
  const first = parts[0]?.toLowerCase();
  if (first !== "select" && first !== "with") {
    return err("Write one SELECT, or WITH … SELECT: nothing else is run here.");
  }
  let depth = 0;
  for (const [at, part] of parts.entries()) {
    const word = part.toLowerCase();
    if (changing.has(word)) {
      return err(`${part} is not run here. If it is a name, put it in "quotes".`);
    }
    if (word === "replace" && parts[at + 1] !== "(") return err("REPLACE is not run here.");
    if (part === ";") return err("Write one statement, without a semicolon.");
    if (isOpenQuote(part)) return err("A quote is not closed.");
    if (isComment(part, parts[at + 1])) return err("Write the statement without comments.");
    if (part === "(") depth += 1;
    if (part === ")") depth -= 1;
    if (depth < 0) return err("A closing parenthesis has no opening one.");
  }
  return depth === 0 ? ok(undefined) : err("A parenthesis is not closed.");
}

const closings: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]" };

function isOpenQuote(part: string): boolean {
  const closing = closings[part[0] ?? ""];
  return closing !== undefined && (part.length === 1 || !part.endsWith(closing));
}

/** Also rejects `- -1`: tokens do not keep the space between the signs. */
const isComment = (part: string, next: string | undefined): boolean =>
  (part === "-" && next === "-") || (part === "/" && next === "*");
