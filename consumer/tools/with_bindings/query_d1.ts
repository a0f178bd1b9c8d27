import { Type } from "@sinclair/typebox";
import { modelLimits, toolLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { checkSelect } from "./select.ts";

const value = Type.Union([Type.String(), Type.Number(), Type.Null()]);

export const queryD1 = defineTool({
  name: "query_d1",
  description:
    "Runs one SELECT on the operator's SQLite database and returns its rows as JSON, one per line. Pass values " +
    "as parameters (?1, ?2), never inside the text. SELECT name, sql FROM sqlite_schema shows the tables.",
  input: Type.Object(
    {
      sql: Type.String({ minLength: 1, maxLength: toolLimits.sqlCharsMax }),
      parameters: Type.Optional(Type.Array(value, { maxItems: toolLimits.sqlParametersMax })),
    },
    { additionalProperties: false },
  ),
  effect: "read",
  bindings: ["QUERY_DB"],
  async run({ sql, parameters = [] }, { bindings }) {
    const checkedSql = checkSelect(sql);
    if (!checkedSql.ok) return toolError(checkedSql.error);
    // Inside the parentheses only a SELECT is valid, even if the check above missed something.
    const limitedSql = `SELECT * FROM (\n${sql}\n) LIMIT ${toolLimits.sqlRowsMax + 1}`;
    const { results } = await bindings.QUERY_DB.prepare(limitedSql)
      .bind(...parameters)
      .all();
    return toolResult(formatRows(results));
  },
});

/** Whole rows, as many as fit a tool's output, and whether there are more. */
function formatRows(rows: readonly Record<string, unknown>[]): string {
  if (rows.length === 0) return "No rows.";
  const lines: string[] = [];
  let chars = 0;
  for (const row of rows.slice(0, toolLimits.sqlRowsMax)) {
    const line = JSON.stringify(row);
    chars += line.length + 1;
    if (chars > modelLimits.toolOutputCharsMax - toolLimits.sqlNoteChars) break;
    lines.push(line);
  }
  if (lines.length === rows.length) return lines.join("\n");
  if (lines.length === 0) return "The first row is too long to show: select fewer columns.";
  return `${lines.join("\n")}\n[${lines.length} rows shown, more exist: aggregate, or page with LIMIT and OFFSET]`;
}
