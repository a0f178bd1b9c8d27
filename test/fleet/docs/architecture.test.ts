import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { quirkMeanings } from "../../../shared/models/quirks.ts";
import { failureTable } from "../../../shared/task/failures.ts";
import { faultTable } from "../../consumer/slice/fault_table.ts";
import { codeRows, filesBelow, root, section, text } from "./page.ts";

test("the failures page lists the failures of the code, word for word", () => {
  const expected = Object.entries(failureTable).map(([code, row]) => [
    code,
    row.class,
    row.reason,
    row.meaning,
  ]);
  const rows = codeRows(section(text("docs/failures.md"), "## Failures"));
  expect(rows.filter(({ length }) => length === 4)).toEqual(expected);
});

test("the failures page lists the faults as the fault matrix tests them", () => {
  const expected = faultTable.map(({ fault, status, reason, code }) => [
    fault,
    status,
    reason ?? "–",
    code ?? "–",
  ]);
  expect(codeRows(section(text("docs/failures.md"), "## Faults"))).toEqual(expected);
});

test("the loop page lists the quirks of the code, word for word", () => {
  expect(codeRows(section(text("docs/loop.md"), "## Quirks"))).toEqual(
    Object.entries(quirkMeanings),
  );
});

describe("dependencies", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
    text("package.json"),
  ) as Record<"dependencies" | "devDependencies" | "optionalDependencies", Record<string, string>>;
  const list = codeRows(section(text("docs/dependencies.md"), "## Dependencies"));
  const installed = Object.entries({
    ...dependencies,
    ...devDependencies,
    ...optionalDependencies,
  });

  test("the page lists each dependency with its version and a reason, and no other", () => {
    expect(list.map(([name, version]) => [name, version]).sort()).toEqual(installed.sort());
    expect(list.filter(([, , why = ""]) => why.length < 10)).toEqual([]);
  });

  test("each dependency is pinned to one version", () => {
    expect(installed.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe("the map", () => {
  const page = text("docs/ARCHITECTURE.md");

  test("has at most 200 lines", () => {
    expect(page.split("\n").length).toBeLessThanOrEqual(200);
  });

  test("names only functions and files that exist", () => {
    const flow = section(page, "## The flow");
    const names = [...flow.matchAll(/`([\w./-]+)`/g)].map(([, name = ""]) => name);
    const files = names.filter((name) => /\.(ts|sql)$/.test(name));
    expect(names.length).toBeGreaterThan(60);
    const sources = allSources();
    const unknown = names.filter((name) =>
      files.includes(name)
        ? !sources.has(name)
        : ![...sources.values()].some((source) => new RegExp(`\\b${name}\\b`).test(source)),
    );
    expect(unknown).toEqual([]);
  });

  test("answers each question with a file that contains its name", () => {
    const rows = section(page, "## Where is …?")
      .split("\n")
      .flatMap((line) => {
        const [, file, name] = /^\| .* \| `([^`]+)` \| `([^`]+)` \|$/.exec(line) ?? [];
        return file === undefined || name === undefined ? [] : [{ file, name }];
      });
    expect(rows.length).toBeGreaterThanOrEqual(25);
    const sources = allSources();
    const wrong = rows.filter(
      ({ file, name }) => !new RegExp(`\\b${name}\\b`).test(sources.get(file) ?? ""),
    );
    expect(wrong).toEqual([]);
  });

  test("links to pages and headings that exist", () => {
    const pages = filesBelow("docs", ".md");
    const broken = pages.flatMap((from) =>
      [...text(from).matchAll(/\]\((?!https?:)([\w./-]+\.md)(#[\w-]+)?\)/g)]
        .map(([, to = "", anchor]) => ({ from, to: path.join(path.dirname(from), to), anchor }))
        .filter(({ to, anchor }) => !hasHeading(to, anchor)),
    );
    expect(broken).toEqual([]);
  });
});

function hasHeading(page: string, anchor: string | undefined): boolean {
  if (!fs.existsSync(path.join(root, page))) return false;
  if (anchor === undefined) return true;
  const anchors = [...text(page).matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = ""]) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .trim()
        .replace(/\s/g, "-")}`,
  );
  return anchors.includes(anchor);
}

function allSources(): Map<string, string> {
  return new Map(
    ["producer", "consumer", "shared", "policies"]
      .flatMap((folder) => filesBelow(folder, ".ts"))
      .map((file) => [file, text(file)]),
  );
}
