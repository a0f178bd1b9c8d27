/** docs/observability.md names each line, attribute and column that the code writes, and its queries run. */
import { DatabaseSync } from "node:sqlite";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { blobColumns, doubleColumns } from "../../../consumer/telemetry/points.ts";
import { codeRows, filesBelow, firstCells, section, text } from "./page.ts";

const page = text("docs/observability.md");

test("the page lists each log event and no other", () => {
  const events = [...text("shared/platform/log.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(
    ([, event]) => event,
  );
  expect(events.length).toBeGreaterThan(20);
  expect(firstCells(section(page, "## Logs")).sort()).toEqual(events.sort());
});

test("each event of the log is written somewhere", () => {
  const code = [
    ...filesBelow("consumer", ".ts"),
    ...filesBelow("producer", ".ts"),
    "shared/platform/log.ts",
    "shared/platform/retries.ts",
  ]
    .map(text)
    .join("\n")
    .replace(/export type LogEvent =[^;]*;/, "");
  const silent = firstCells(section(page, "## Logs")).filter(
    (event) => !code.includes(`"${event}"`) && !code.includes(`${event}:`),
  );
  expect(silent).toEqual([]);
});

test("the page lists each attribute of a span and no other", () => {
  const code = ["gen_ai", "spans"].map((name) => text(`consumer/telemetry/${name}.ts`)).join("\n");
  const logCalls = `${code}\n${text("consumer/toolbox/tool_host.ts")}`.matchAll(
    /"((?:gen_ai|flotilla|error)\.[a-z_.]+)":/g,
  );
  const names = [...new Set([...logCalls].map(([, name]) => name))];
  expect(firstCells(section(page, "## Traces")).sort()).toEqual(names.sort());
});

test("a deployed consumer traces nothing, because traces hold whole URLs of fetches", () => {
  expect(parse(text("wrangler.consumer.toml"))).toMatchObject({
    env: { production: { observability: { enabled: true, traces: { enabled: false } } } },
  });
});

test("the page lists each column of a point at its place", () => {
  const places = (kind: string, columns: object) =>
    Object.keys(columns).map((name, n) => [`${kind}${n + 1}`, name]);
  const list = codeRows(section(page, "## Metrics")).map(([place, name]) => [place, name]);
  expect(list).toEqual([...places("blob", blobColumns), ...places("double", doubleColumns)]);
});

describe("each query in D1 is one that the schema answers", () => {
  const db = new DatabaseSync(":memory:");
  for (const file of filesBelow("shared/migrations", ".sql")) db.exec(text(file));
  const queries = [...page.matchAll(/```sql d1\n([\s\S]*?)```/g)].map(([, query = ""]) => query);
  test.each(queries)("%s", (query) => {
    expect(db.prepare(query).all()).toEqual([]);
  });
  test("there are some", () => {
    expect(queries.length).toBeGreaterThan(3);
  });
});
