import { expect, test } from "vitest";
import { openRoutes, routes } from "../../../producer/api.ts";
import { refusals } from "../../../producer/http/refusals.ts";
import { budgetCeilings, budgetDefaults } from "../../../shared/limits.ts";
import { DurableTask, standardTools } from "../../../shared/task.ts";
import { codeRows, firstCells, section, text } from "./page.ts";

const page = text("docs/api.md");
const callsOf = (pageText: string): string[] =>
  [...section(pageText, "## Calls").matchAll(/^### `(\S+) (\S+)`$/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
/** What stands in OpenAI's shape has a page of its own. */
const calls = [...callsOf(page), ...callsOf(text("docs/openai.md"))];

test("every route stands on the page, and no other", () => {
  const known = [...openRoutes, ...routes].map(({ method, path }) => `${method} ${path}`);
  expect(calls.sort()).toEqual(known.sort());
});

test("every field of a task stands on the page, and no other", () => {
  const fields = section(page, "## A task, as sent").split("| budget |")[0] ?? "";
  expect(firstCells(fields)).toEqual(Object.keys(DurableTask.properties));
});

test("every budget stands on the page with its default and its ceiling", () => {
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

test("every error code stands on the page with its status, and no other", () => {
  const known = Object.entries(refusals).map(([code, [status]]) => `${status} ${code}`);
  const listed = [...section(page, "## Errors").matchAll(/^\| (\d+) \| `(\w+)`/gm)].map(
    ([, status, code]) => `${status} ${code}`,
  );
  expect(listed.sort()).toEqual(known.sort());
});

test("every standard tool stands on the tools' page, and no other", () => {
  const tools = section(text("docs/tools.md"), "## The standard tools");
  expect(firstCells(tools)).toEqual([...standardTools]);
});
