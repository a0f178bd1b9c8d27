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
/** OpenAI's shape has its own page. */
const calls = [...callsOf(page), ...callsOf(text("docs/openai.md"))];

test("the page lists every route and no other", () => {
  const known = [...openRoutes, ...routes].map(({ method, path }) => `${method} ${path}`);
  expect(calls.sort()).toEqual(known.sort());
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
  const listed = rows.map(([name = "", least = "", most = ""]) => [
    name.slice("limits.".length),
    numbers(least),
    numbers(most),
  ]);
  const known = Object.entries(budgetDefaults).map(([name, value]) => [
    name,
    value,
    budgetCeilings[name as keyof typeof budgetCeilings],
  ]);
  expect(listed).toEqual(known);
});

test("the page lists every error code with its status and no other", () => {
  const known = Object.entries(errorCodes).map(([code, [status]]) => `${status} ${code}`);
  const listed = [...section(page, "## Errors").matchAll(/^\| (\d+) \| `(\w+)`/gm)].map(
    ([, status, code]) => `${status} ${code}`,
  );
  expect(listed.sort()).toEqual(known.sort());
});

test("the tools page lists every standard tool and no other", () => {
  const tools = section(text("docs/tools.md"), "## The standard tools");
  expect(firstCells(tools)).toEqual([...standardTools]);
});
