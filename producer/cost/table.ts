/** The cost table of docs/operations.md. */
import { type CostLine, costOfMillion, sumOf } from "./cost.ts";
import { type Operations, type Shape, shapes } from "./operations.ts";

export const marks = { from: "<!-- cost: npm run cost -->", to: "<!-- /cost -->" } as const;

const dollars = (amount: number): string => (amount < 0.005 ? "–" : `$${amount.toFixed(2)}`);

/** Dollars a million tasks, with the platform's list prices and 30 days of retention. */
function costRows(columns: readonly CostLine[][]): string[] {
  const [first = []] = columns;
  const rows = first.map(({ part }, row) => [
    part,
    ...columns.map((lines) => dollars(lines[row]?.dollars ?? 0)),
  ]);
  const sums = ["**platform**", ...columns.map((lines) => `**${dollars(sumOf(lines))}**`)];
  return [...rows, sums].map((cells) => `| ${cells.join(" | ")} |`);
}

const counted: readonly [string, keyof Operations][] = [
  ["messages", "messages"],
  ["D1: calls", "d1Calls"],
  ["D1: rows written", "d1RowsWritten"],
  ["D1: rows read", "d1RowsRead"],
  ["D1: bytes stored", "storedBytes"],
  ["R2: writes", "r2Writes"],
  ["R2: reads", "r2Reads"],
  ["model calls", "modelCalls"],
  ["governor: requests", "governorRequests"],
  ["governor: rows", "governorRows"],
  ["programs", "programs"],
  ["log lines", "logLines"],
  ["CPU in ms", "cpuMs"],
];

function countRows(list: readonly Shape[]): string[] {
  return counted.map(([label, key]) => {
    const cells = list.map(({ operations }) => operations[key].toLocaleString("en-US"));
    return `| ${[label, ...cells].join(" | ")} |`;
  });
}

/** Both tables as Markdown: what a task uses, and what a million of them cost. */
export function costTables(): string {
  const names = shapes.map(({ name }) => name).join(" | ");
  const rule = `| --- |${" ---: |".repeat(shapes.length)}`;
  const columns = shapes.map(({ operations }) => costOfMillion(operations, 30));
  return [
    `| a million tasks | ${names} |`,
    rule,
    ...costRows(columns),
    "",
    `| one task | ${names} |`,
    rule,
    ...countRows(shapes),
  ].join("\n");
}

/** The page with these tables between its marks. */
export function withTables(page: string): string {
  const [head, rest] = page.split(marks.from);
  const tail = rest?.split(marks.to)[1];
  if (head === undefined || tail === undefined)
    throw new Error(`docs/operations.md has no ${marks.from} … ${marks.to}; add these marks.`);
  return `${head}${marks.from}\n${costTables()}\n${marks.to}${tail}`;
}
