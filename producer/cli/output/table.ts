import Table from "cli-table3";
import pc from "picocolors";
import { oneLine } from "./printable.ts";

const bare = {
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
  /** Colours, for a terminal. */
  coloured: boolean;
  /** The last column is cut so that a row fits this many characters; endless cuts no column. */
  columns: number;
}

/** A cell of any column but the last. */
const cellCharsMax = 60;

/** What the last column is given at least. */
const lastCharsMin = 20;

/**
 * Rows under a head, without borders. Cells are cleaned; the last column takes what room is left. Where a
 * row is wider than the terminal, which would break it anywhere, it goes on in a line below.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  return linesOf(head, rows, style).flat().join("\n");
}

/** The lines of the head and of each row. */
function linesOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string[][] {
  const last = head.length - 1;
  const most = Number.isFinite(style.columns) ? cellCharsMax : Number.POSITIVE_INFINITY;
  const widths = head.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => [...oneLine(row[at] ?? "", most)].length)),
  );
  const taken = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const least = taken + Math.min(lastCharsMin, widths[last] ?? 0);
  if (least > style.columns && head.length > 1) return folded(head, rows, widths, style);
  const room = Math.max(lastCharsMin, style.columns - taken - 1);
  const built = new Table({
    chars: bare,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  const colours = pc.createColors(style.coloured);
  built.push(head.map((name) => colours.dim(name)));
  for (const row of rows) {
    built.push(row.map((cell, at) => painted(oneLine(cell, at === last ? room : most), colours)));
  }
  return built
    .toString()
    .split("\n")
    .map((line) => [line.trimEnd()]);
}

const indent = "  ";

/** As many columns as fit, at least the first, and the others below them. */
function folded(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  style: TableStyle,
): string[][] {
  let fit = 1;
  let taken = widths[0] ?? 0;
  for (; fit < head.length - 1; fit++) {
    taken += 2 + (widths[fit] ?? 0);
    if (taken >= style.columns) break;
  }
  const part = (from: number, to: number | undefined, columns: number): string[][] => {
    const cells = rows.map((row) => row.slice(from, to));
    return linesOf(head.slice(from, to), cells, { ...style, columns });
  };
  const upper = part(0, fit, Math.max(style.columns, taken + 1));
  const lower = part(fit, undefined, style.columns - indent.length);
  return upper.map((lines, at) => [
    ...lines,
    ...(lower[at] ?? []).flatMap((below) => (below.trim() === "" ? [] : [indent + below])),
  ]);
}

/** Words of the fleet's own get a colour; what they are is the same without. */
function painted(cell: string, colours: ReturnType<typeof pc.createColors>): string {
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
