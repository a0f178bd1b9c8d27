import { expect, test } from "vitest";
import { refusals } from "../../../consumer/egress/reason.ts";
import { PolicyFile } from "../../../policies/schema.ts";
import { firstCells, section, text } from "./page.ts";

const page = text("docs/policies.md");
const file = section(page, "## A file");

/** Every word in backticks in the first cell of each row. */
const words = (table: string): string[] =>
  [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word),
  );

test("every reason of a refusal stands on the page, and no other", () => {
  expect(words(section(page, "## Refusals")).sort()).toEqual(Object.keys(refusals).sort());
});

test("every field of a rule and of the file stands on the page, and no other", () => {
  const [rules = "", whole = ""] = file.split("The first rule that matches decides.");
  // The other spelling of a prefix is taken and not taught.
  const fields = Object.keys(PolicyFile.properties.rules.items.properties);
  expect(firstCells(rules)).toEqual(fields.filter((name) => name !== "pathPrefix"));
  const around = Object.keys(PolicyFile.properties).filter(
    (name) => name !== "rules" && name !== "description",
  );
  expect(firstCells(whole).sort()).toEqual(around.sort());
});
