import { createRequire } from "node:module";
import pc from "picocolors";
import { printableLine } from "./printable.ts";

const noBorders = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

export interface TableStyle {
  coloured: boolean;
  /** The last column is cut so that a row fits this many characters; infinite cuts nothing. */
  columns: number;
}

/** The maximum of a cell in any column but the last. */
const cellCharsMax = 60;

/** The minimum width of the last column. */
const lastCharsMin = 20;

/**
 * Rows below a head, without borders. Cells are made printable; the last column takes the remaining width.
 * If a row is wider than the terminal, its last columns move to indented lines below it.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  return tableLines(head, rows, style).flat().join("\n");
}

/** The lines of the head and of each row. */
function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string[][] {
  const last = head.length - 1;
  const cellMax = Number.isFinite(style.columns) ? cellCharsMax : Number.POSITIVE_INFINITY;
  const widths = head.map((name, index) =>
    Math.max(
      name.length,
      ...rows.map((row) => [...printableLine(row[index] ?? "", cellMax)].length),
    ),
  );
  const usedWidth = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const neededWidth = usedWidth + Math.min(lastCharsMin, widths[last] ?? 0);
  if (neededWidth > style.columns && head.length > 1) return foldRows(head, rows, widths, style);
  const lastMax = Math.max(lastCharsMin, style.columns - usedWidth - 1);
  // Loaded only here, so that commands without a table start faster.
  const Table = createRequire(import.meta.url)("cli-table3") as typeof import("cli-table3");
  const renderedTable = new Table({
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  const colours = pc.createColors(style.coloured);
  renderedTable.push(head.map((name) => colours.dim(name)));
  for (const row of rows) {
    renderedTable.push(
      row.map((cell, index) =>
        colourCell(printableLine(cell, index === last ? lastMax : cellMax), colours),
      ),
    );
  }
  return renderedTable
    .toString()
    .split("\n")
    .map((line) => [line.trimEnd()]);
}

const indent = "  ";

/** Shows as many columns as fit, at least the first; the others are shown below them. */
function foldRows(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  style: TableStyle,
): string[][] {
  let fit = 1;
  let usedWidth = widths[0] ?? 0;
  for (; fit < head.length - 1; fit++) {
    usedWidth += 2 + (widths[fit] ?? 0);
    if (usedWidth >= style.columns) break;
  }
  const columnsFrom = (from: number, to: number | undefined, columns: number): string[][] => {
    const cells = rows.map((row) => row.slice(from, to));
    return tableLines(head.slice(from, to), cells, { ...style, columns });
  };
  const upper = columnsFrom(0, fit, Math.max(style.columns, usedWidth + 1));
  const lower = columnsFrom(fit, undefined, style.columns - indent.length);
  return upper.map((lines, index) => [
    ...lines,
    ...(lower[index] ?? []).flatMap((below) => (below.trim() === "" ? [] : [indent + below])),
  ]);
}

/** Statuses and decisions get a colour. */
function colourCell(cell: string, colours: ReturnType<typeof pc.createColors>): string {
  switch (cell) {
    case "succeeded":
    case "ok":
    case "allow":
    case "inject":
      return colours.green(cell);
    case "failed":
    case "dead":
    case "deny":
      return colours.red(cell);
    case "running":
    case "queued":
    case "cancelled":
    case "expired":
      return colours.yellow(cell);
    default:
      return cell;
  }
}
