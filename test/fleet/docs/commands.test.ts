/** The commands and options that a page names between backticks exist. */
import { expect, test } from "vitest";
import { processContext } from "../../../producer/cli/context.ts";
import { createProgram } from "../../../producer/cli/program.ts";
import { commandsIn } from "./examples.ts";
import { filesBelow } from "./page.ts";

const program = createProgram(processContext(), () => async () => {}, false);

/** What a command line names that does not exist, or null. */
function missing(command: string): string | null {
  const words = command.split(/\s+/).slice(1);
  let current = program;
  for (const word of words) {
    const below = current.commands.find(
      (each) => each.name() === word || each.aliases().includes(word),
    );
    if (below === undefined) break;
    current = below;
  }
  if (current === program) return `${command}: no such command`;
  const expected = [...current.options, ...program.options].map(({ long }) => long);
  const options = words.filter((word) => /^--[a-z]/.test(word) && word !== "--help");
  const unknown = options.filter((word) => !expected.includes(word));
  return unknown.length === 0 ? null : `${command}: no option ${unknown.join(", ")}`;
}

const names = ["README.md", ...filesBelow("docs", ".md")].flatMap(commandsIn);

test("every command that a page names is there, with its options", () => {
  expect(names.length).toBeGreaterThan(20);
  expect(names.flatMap((command) => missing(command) ?? [])).toEqual([]);
});

test("an unknown command and an unknown option are reported", () => {
  expect(missing("fleet sumbit a.csv")).toBe("fleet sumbit a.csv: no such command");
  expect(missing("fleet submit a.csv --promt x")).toContain("no option --promt");
});
