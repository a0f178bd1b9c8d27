import { expect, test } from "vitest";
import { openRoutes, routes } from "../../../producer/api.ts";
import { errorCodes } from "../../../producer/http/error_response.ts";
import { budgetCeilings, budgetDefaults } from "../../../shared/limits.ts";
import { DurableTask, standardTools } from "../../../shared/task/task.ts";
import { codeRows, firstCells, section, text } from "./page.ts";

const page = text("docs/api.md");
const callsOf = (pageText: string): string[] =>
  [...section(pageText, "## Calls").matchAll(/^### `(\S+) (\S+)`$/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
/** The OpenAI API has its own page. */
const calls = [...callsOf(page), ...callsOf(text("docs/openai.md"))];

test("the page lists every route and no other", () => {
  const expected = [...openRoutes, ...routes].map(({ method, path }) => `${method} ${path}`);
  expect(calls.sort()).toEqual(expected.sort());
});

test("the page lists every field of a task and no other", () => {
  const fields = section(page, "## A task, as sent").split("| budget |")[0] ?? "";
  expect(firstCells(fields)).toEqual(Object.keys(DurableTask.properties));
});

test("the page lists every budget with its default and its ceiling", () => {
  const numbers = (value: string): number => Number(value.replaceAll(",", ""));
  const rows = codeRows(section(page, "## A task, as sent")).filter(([name = ""]) =>
    name.startsWith("limits."),
  );
  const list = rows.map(([name = "", least = "", most = ""]) => [
    name.slice("limits.".length),
    numbers(least),
    numbers(most),
  ]);
  const expected = Object.entries(budgetDefaults).map(([name, value]) => [
    name,
    value,
    budgetCeilings[name as keyof typeof budgetCeilings],
  ]);
  expect(list).toEqual(expected);
});

test("the page lists every error code with its status and no other", () => {
  const expected = Object.entries(errorCodes).map(([code, [status]]) => `${status} ${code}`);
  const list = [...section(page, "## Errors").matchAll(/^\| (\d+) \| `(\w+)`/gm)].map(
    ([, status, code]) => `${status} ${code}`,
  );
  expect(list.sort()).toEqual(expected.sort());
});

test("the tools page lists every standard tool and no other", () => {
  const tools = section(text("docs/tools.md"), "## The standard tools");
  expect(firstCells(tools)).toEqual([...standardTools]);
});
