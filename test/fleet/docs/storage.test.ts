import path from "node:path";
import { describe, expect, test } from "vitest";
import { objectKeys } from "../../../shared/files/objects.ts";
import { tables, views } from "./migrations.ts";
import { filesBelow, firstCells, section, text } from "./page.ts";

const page = text("docs/storage.md");

test("the migrations are read: tables and the view are there", () => {
  expect([...tables.keys()]).toContain("tasks");
  expect([...views.keys()]).toEqual(["task_status"]);
});

describe("the page lists each table's columns in their order, and no others", () => {
  test.each([...tables])("%s", (name, columns) => {
    expect(firstCells(section(page, `### ${name}`))).toEqual(columns);
  });
});

test("the page describes no table that is not there", () => {
  const described = [...section(page, "## Tables").matchAll(/^### (\w+)$/gm)];
  expect(described.map(([, name]) => name).sort()).toEqual([...tables.keys()].sort());
});

test("the view's promise is its columns, in their order", () => {
  const promised = firstCells(section(page, "## The promise: the view `task_status`"));
  expect(promised).toEqual(views.get("task_status"));
});

test("the page lists every migration with its number, and the numbers that are not used", () => {
  const files = filesBelow("shared/migrations", ".sql").map((file) => path.basename(file, ".sql"));
  const migrations = section(page, "## Migrations");
  expect(firstCells(migrations)).toEqual(files);
  const numbers = files.map((name) => Number(name.slice(0, 4)));
  expect(new Set(numbers).size).toBe(numbers.length);
  const allNumbers = Array.from({ length: Math.max(...numbers) }, (_, index) => index + 1);
  const unused = allNumbers.filter((number) => !numbers.includes(number));
  const [, from, to] = /(\d{4}) to (\d{4}) were never used/.exec(migrations) ?? [];
  const names = [...migrations.matchAll(/\b(\d{4})\b(?!_)/g)].map(([, number]) => Number(number));
  expect(
    unused.filter(
      (number) => !names.includes(number) && !(number > Number(from) && number < Number(to)),
    ),
  ).toEqual([]);
});

test("a query of a deployed database uses the configuration that has its id", () => {
  const remote = [...page.matchAll(/d1 execute DB --remote (.*)/g)].map(([, options]) => options);
  expect(remote).toEqual([expect.stringContaining("-c .build/deploy/production/")]);
});

test("the page lists every R2 key and no other", () => {
  const placeholders = (make: (...names: never[]) => string): string => {
    const names = /^\(([^)]*)\)/.exec(make.toString())?.[1]?.split(",") ?? [];
    return make(...(names.map((name) => `<${name.trim()}>`) as never[]));
  };
  const keys = Object.values(objectKeys).map(placeholders);
  expect(firstCells(section(page, "## Objects in R2")).sort()).toEqual(keys.sort());
});
