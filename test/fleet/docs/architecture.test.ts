import { describe, expect, test } from "vitest";
import { quirkMeanings } from "../../../consumer/models/quirks.ts";
import { failureTable } from "../../../shared/failures.ts";
import { faultTable } from "../../consumer/slice/fault_table.ts";
import { codeRows, filesBelow, section, text } from "./page.ts";

const page = text("docs/ARCHITECTURE.md");

test("the failures of the page are those of the code, word for word", () => {
  const known = Object.entries(failureTable).map(([code, row]) => [
    code,
    row.class,
    row.reason,
    row.meaning,
  ]);
  expect(codeRows(section(page, "## Failures"))).toEqual(known);
});

test("the faults of the page end as the fault matrix holds them to", () => {
  const known = faultTable.map(({ fault, status, reason, code }) => [
    fault,
    status,
    reason ?? "–",
    code ?? "–",
  ]);
  expect(codeRows(section(page, "## Faults"))).toEqual(known);
});

test("the quirks of the page are those of the code, word for word", () => {
  expect(codeRows(section(page, "## Quirks"))).toEqual(Object.entries(quirkMeanings));
});

describe("dependencies", () => {
  const { dependencies, devDependencies } = JSON.parse(text("package.json")) as Record<
    "dependencies" | "devDependencies",
    Record<string, string>
  >;
  const listed = codeRows(section(page, "## Dependencies"));
  const installed = Object.entries({ ...dependencies, ...devDependencies });

  test("each is listed with its version and a reason, and nothing else is", () => {
    expect(listed.map(([name, version]) => [name, version]).sort()).toEqual(installed.sort());
    expect(listed.filter(([, , why = ""]) => why.length < 10)).toEqual([]);
  });

  test("each is pinned to one version", () => {
    expect(installed.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

test("the functions and files that the flow names exist", () => {
  const flow = section(page, "## The flow");
  const names = [...flow.matchAll(/`([\w./-]+)`/g)].map(([, name = ""]) => name);
  const files = names.filter((name) => /\.(ts|sql)$/.test(name) || name.endsWith("/"));
  expect(names.length).toBeGreaterThan(30);
  const sources = allSources();
  const unknown = names.filter((name) =>
    files.includes(name)
      ? ![...sources.keys()].some((file) => file === name || file.endsWith(`/${name}`))
      : ![...sources.values()].some((source) =>
          new RegExp(`\\b${name.split(".")[0]}\\b`).test(source),
        ),
  );
  expect(unknown).toEqual([]);
});

function allSources(): Map<string, string> {
  return new Map(
    ["producer", "consumer", "shared", "policies"]
      .flatMap((folder) => filesBelow(folder, ".ts"))
      .map((file) => [file, text(file)]),
  );
}
