import { expect, test } from "vitest";
import { egressErrors } from "../../../consumer/egress/error_reason.ts";
import { PolicyFile } from "../../../policies/schema.ts";
import { firstCells, section, text } from "./page.ts";

const page = text("docs/policies.md");
const file = section(page, "## A file");

/** Every word in backticks in the first cell of each row. */
const words = (table: string): string[] =>
  [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word),
  );

test("the page lists exactly the reasons of the gateway", () => {
  expect(words(section(page, "## Error responses")).sort()).toEqual(
    Object.keys(egressErrors).sort(),
  );
});

test("the page lists exactly the fields of a rule and of the file", () => {
  const [rules = "", whole = ""] = file.split("The first rule that matches decides.");
  // The other spelling of a prefix is taken and not taught.
  const fields = Object.keys(PolicyFile.properties.rules.items.properties);
  expect(firstCells(rules)).toEqual(fields.filter((name) => name !== "pathPrefix"));
  const otherFields = Object.keys(PolicyFile.properties).filter(
    (name) => name !== "rules" && name !== "description",
  );
  expect(firstCells(whole).sort()).toEqual(otherFields.sort());
});
