import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { attacks } from "../../attacks/table.ts";
import { root, section, text } from "./page.ts";

const page = text("docs/SECURITY.md");

/** The cells of each row of a table, without its head. */
const rowsOf = (heading: string): string[][] =>
  section(page, heading)
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.slice(2, -2).split(" | "));

const namesIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** A name without a folder is in the folder of the name before it. */
function missingTests(cell: string): string[] {
  let folder = "";
  return namesIn(cell).filter((name) => {
    const file = name.includes("/") ? name : path.join(folder, name);
    folder = path.extname(file) === "" ? file : path.dirname(file);
    return !existsSync(path.join(root, file));
  });
}

describe.each(["## Guarantees", "## Untrusted input and native code", "## Supply chain"])(
  "the table below %s",
  (heading) => {
    const rows = rowsOf(heading);

    test("has rows that each name a test", () => {
      expect(rows.length).toBeGreaterThan(2);
      expect(rows.filter((cells) => namesIn(cells.at(-1) ?? "").length === 0)).toEqual([]);
    });

    test.each(rows.map((cells) => [cells[0] ?? "", cells.at(-1) ?? ""]))(
      "names only tests that exist: %s",
      (_promise, tests) => {
        expect(missingTests(tests)).toEqual([]);
      },
    );
  },
);

test("each place that the table of attacks measures is in the inventory, and exists", () => {
  const inventory = section(page, "## Untrusted input and native code");
  const places = [...new Set(attacks.map(({ place }) => place))];
  expect(places.filter((place) => !inventory.includes(`\`${place}\``))).toEqual([]);
  expect(places.filter((place) => !existsSync(path.join(root, place)))).toEqual([]);
});
