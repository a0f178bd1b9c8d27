/** Whether a text is one SELECT that can change nothing. Conservative: what it cannot tell, it refuses. */

/** Text in quotes, or one word, or one other character. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[A-Za-z_][\w$]*|\S/g;

/** Words that begin or are part of statements which change something, or look outside of the database. */
const changing = new Set(
  (
    "insert update delete create drop alter attach detach pragma vacuum reindex analyze begin commit rollback " +
    "savepoint release returning load_extension"
  ).split(" "),
);

/**
 * Null where the text may be run inside `SELECT * FROM (…)`, else what to write instead. Parentheses
 * balance and never close more than they opened, so the text cannot leave the ones around it.
 */
export function selectFault(sql: string): string | null {
  const parts = sql.match(token) ?? [];
  const first = parts[0]?.toLowerCase();
  if (first !== "select" && first !== "with") {
    return "Write one SELECT, or WITH … SELECT: nothing else is run here.";
  }
  let depth = 0;
  for (const [at, part] of parts.entries()) {
    const word = part.toLowerCase();
    if (changing.has(word)) return `${part} is not run here. Put a name like that in "quotes".`;
    if (word === "replace" && parts[at + 1] !== "(") return "REPLACE is not run here.";
    if (part === ";") return "Write one statement, without a semicolon.";
    if (["'", '"', "`", "["].includes(part)) return "A quote is not closed.";
    if (isComment(part, parts[at + 1])) return "Write the statement without comments.";
    if (part === "(") depth += 1;
    if (part === ")") depth -= 1;
    if (depth < 0) return "A parenthesis closes what none opened.";
  }
  return depth === 0 ? null : "A parenthesis is not closed.";
}

/** `- -1` is refused with the comments; a space between the signs does not tell them apart here. */
const isComment = (part: string, next: string | undefined): boolean =>
  (part === "-" && next === "-") || (part === "/" && next === "*");
