/**
 * Runs every example of the docs unchanged, as a reader would. The examples of a page build on one another,
 * so they run in the page's order.
 */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { announced, elsewhere } from "./elsewhere.ts";
import { examplesOf } from "./examples.ts";
import { filesBelow, text } from "./page.ts";
import { patienceMs, Reader } from "./session.ts";

/** `plainly`: `npm start` without variables runs first; the other pages start the fleet themselves. */
const pages: readonly [page: string, starts?: "plainly"][] = [
  ["README.md"],
  ["docs/models.md"],
  ["docs/api.md", "plainly"],
  ["docs/openai.md", "plainly"],
  ["docs/policies.md"],
  ["docs/schedules.md"],
  ["docs/storage.md"],
  ["docs/webhooks.md"],
  ["docs/operations.md"],
  ["docs/tools.md"],
  ["docs/ingress.md"],
];

/** What the pages ask for: curl 7.87, whose --url-query one of them uses. */
const [, major = "0", minor = "0"] =
  /^curl (\d+)\.(\d+)/.exec(spawnSync("curl", ["--version"]).stdout?.toString() ?? "") ?? [];
const hasCurl = Number(major) * 1_000 + Number(minor) >= 7_087;
if (!hasCurl) console.warn("The documents' examples are not run: curl 7.87 or newer is not here.");

let reader: Reader;
beforeAll(async () => {
  reader = await Reader.sitDown();
});
afterAll(() => reader?.leave());

describe.skipIf(!hasCurl).each(pages)("%s", (page, starts) => {
  if (starts === "plainly") test("npm start", () => reader.start({}));
  for (const example of examplesOf(page)) {
    const [first = ""] = example.script.split("\n");
    test(
      `${example.at} ${first}`,
      async () => {
        if (example.starts) {
          await reader.start(await reader.variablesOf(example.script));
          return;
        }
        const { code, out, err } = await reader.run(example.script);
        expect({ code, said: `${out}${err}` }).toEqual({ code: 0, said: expect.anything() });
        expect(err).not.toMatch(/^Warning:/m);
      },
      patienceMs + 10_000,
    );
  }
});

test.skipIf(!hasCurl)("the commands that are not run are those of the list", () => {
  expect(reader.skipped().sort()).toEqual(elsewhere.map(([command]) => command).sort());
});

test.each(announced)("$page announces how $command may end", ({ page, words }) => {
  expect(text(page)).toContain(words);
});

test("every page with an example is read", () => {
  const read = pages.map(([page]) => page);
  const having = ["README.md", ...filesBelow("docs", ".md")].filter(
    (page) => examplesOf(page).length > 0,
  );
  expect(read.toSorted()).toEqual(having.toSorted());
});
