import { inspect, width } from "./format.ts";

/** The table that console.table prints, or null if the data is not tabular. */
export function table(data: unknown, columnNames?: string[]): string | null {
  if (typeof data !== "object" || data === null) return null;
  const isMap = data instanceof Map;
  const indexTitle = isMap || data instanceof Set ? "(iteration index)" : "(index)";
  const rows: [string, unknown][] = isMap
    ? [...data].map(([key, value], index) => [String(index), { Key: key, Values: value }])
    : data instanceof Set
      ? [...data].map((value, index) => [String(index), value])
      : Object.entries(data);
  const columns = new Map<string, Map<number, string>>();
  const values = new Map<number, string>();
  rows.forEach(([, row], index) => {
    const isRecord = typeof row === "object" && row !== null;
    if (!isRecord) values.set(index, cell(row));
    else {
      for (const key of columnNames ?? Object.keys(row)) {
        const column = columns.get(key) ?? new Map<number, string>();
        if (Object.hasOwn(row, key)) column.set(index, cell((row as Record<string, unknown>)[key]));
        columns.set(key, column);
      }
    }
  });
  const lines = (column: Map<number, string>): string[] =>
    rows.map((_row, index) => column.get(index) ?? "");
  const titles = [indexTitle, ...columns.keys()];
  const cells = [rows.map(([key]) => key), ...[...columns.values()].map(lines)];
  if (values.size > 0) {
    titles.push("Values");
    cells.push(lines(values));
  }
  return draw(titles, cells);
}

function cell(value: unknown): string {
  return inspect(value, {
    depth: typeof value === "object" ? 0 : 2,
    breakLength: Number.POSITIVE_INFINITY,
  });
}

function draw(titles: string[], columns: string[][]): string {
  const widths = titles.map(
    (title, index) => Math.max(...[title, ...(columns[index] ?? [])].map(width)) + 2,
  );
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((size) => "─".repeat(size)).join(middle) + right;
  const row = (texts: string[]): string =>
    `│${texts.map((text, index) => ` ${text}${" ".repeat((widths[index] ?? 0) - width(text) - 1)}`).join("│")}│`;
  const body = (columns[0] ?? []).map((_text, index) =>
    row(columns.map((column) => column[index] ?? "")),
  );
  return [rule("┌", "┬", "┐"), row(titles), rule("├", "┼", "┤"), ...body, rule("└", "┴", "┘")].join(
    "\n",
  );
}
