/** Reads the repository's files as text, and Markdown's tables as rows of cells. */
import fs from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../../..");

export const text = (file: string): string => fs.readFileSync(path.join(root, file), "utf8");

/** The files below a folder whose names end so, as paths from the root. */
export function filesBelow(folder: string, ending: string): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** The text under a heading, up to the next heading of its level or above. */
export function section(page: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const lines = page.split("\n");
  const from = lines.indexOf(heading);
  if (from === -1) throw new Error(`no heading "${heading}"`);
  const end = lines.findIndex((line, n) => {
    const marks = /^(#+) /.exec(line)?.[1];
    return n > from && marks !== undefined && marks.length <= level;
  });
  return lines.slice(from + 1, end === -1 ? undefined : end).join("\n");
}

/** The cells of every table row below the head whose first cell is code, without its backticks. */
export function codeRows(part: string): string[][] {
  return part
    .split("\n")
    .filter((line) => /^\| `/.test(line))
    .map((line) =>
      line
        .slice(2, -2)
        .split(/(?<!\\) \| /)
        .map((cell) => cell.replace(/^`([^`]*)`$/, "$1")),
    );
}

export const firstCells = (part: string): string[] => codeRows(part).map(([cell = ""]) => cell);
