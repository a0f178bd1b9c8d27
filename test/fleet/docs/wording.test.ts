/** The glossary's forbidden words, in identifiers, comments, texts and docs. */
import { expect, test } from "vitest";
import { filesBelow, section, text } from "./page.ts";

/** The first column of the glossary's last table. */
const words = section(text("docs/glossary.md"), "## Words that are not used")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)])
  .map(([, word = ""]) => word);
const forbidden = new RegExp(`\\b(${words.join("|")})\\b`);

/** Names that are stored, sent or set by others, and so cannot change. */
const exceptions: readonly RegExp[] = [
  /\bextras\??:|\.extras\b|"extras"|\bextras\b.*(hash|pin)/, // a field of journaled steps
  /tasks_told|batches_told/, // triggers of a migration that has run
  /choice_case_mended/, // a quirk in stored tasks
  /\(\?:says\|said/, // words that a pattern of models/call_formats/prose.ts matches
];

const files = [
  "README.md",
  "CONTRIBUTING.md",
  ...filesBelow("docs", ".md"),
  ...["producer", "consumer", "shared", "policies", "test", "examples"].flatMap((folder) =>
    [".ts", ".tsx", ".mjs", ".sql"].flatMap((ending) => filesBelow(folder, ending)),
  ),
].filter((file) => !/glossary\.md$|wording\.test\.ts$|client\/dist\//.test(file));

const split = (line: string): string =>
  line
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();

test("the glossary lists the words", () => {
  expect(words.length).toBeGreaterThan(40);
  expect(forbidden.test(split("wasToldSo"))).toBe(true);
});

test("no text and no identifier uses a forbidden word", () => {
  const faults = files.flatMap((file) =>
    text(file)
      .split("\n")
      .map((line, n) => ({ line, at: `${file}:${n + 1}` }))
      .filter(
        ({ line }) => forbidden.test(split(line)) && !exceptions.some((each) => each.test(line)),
      )
      .map(({ line, at }) => `${at}: ${line.trim()}`),
  );
  expect(faults).toEqual([]);
});
