import { describe, expect, test } from "vitest";
import { mayReceive } from "../../../consumer/tools/with_bindings/recipients.ts";
import { checkSelect } from "../../../consumer/tools/with_bindings/select.ts";

describe("one SELECT is accepted", () => {
  test.each([
    "SELECT 1",
    "  select name, sql from sqlite_schema ",
    "WITH t AS (SELECT 1 AS a) SELECT * FROM t",
    "SELECT replace(name, 'a', 'b') FROM t",
    "SELECT 'it''s; -- fine', \"update\", [delete], `drop` FROM t WHERE a = ?1",
    "SELECT count(*) FROM (SELECT a FROM t WHERE (a) > 3)",
  ])("%s", (sql) => expect(checkSelect(sql).ok).toBe(true));
});

describe("any other text is rejected", () => {
  test.each([
    "",
    "DELETE FROM t",
    "INSERT INTO t VALUES (1)",
    "PRAGMA writable_schema = 1",
    "EXPLAIN SELECT 1",
    "VALUES (1)",
    "SELECT 1; DELETE FROM t",
    "SELECT 1;",
    "WITH x AS (SELECT 1) DELETE FROM t",
    "WITH x AS (SELECT 1) REPLACE INTO t SELECT 1",
    "SELECT 1) ; DROP TABLE t; SELECT (1",
    "SELECT (1",
    "SELECT 1 -- )",
    "SELECT 1 /* ) */",
    "SELECT 'a",
    'SELECT "a',
    "SELECT `a",
    "SELECT [a",
    "SELECT load_extension('x')",
    "SELECT * FROM t RETURNING a",
    "\u0000SELECT 1",
  ])("%j", (sql) => expect(checkSelect(sql).ok).toBe(false));
});

describe("a recipient is permitted", () => {
  const recipients = "ops@a.example, *@b.example";
  test.each([
    ["ops@a.example", true],
    ["OPS@A.EXAMPLE", true],
    ["anyone@b.example", true],
    ["other@a.example", false],
    ["x@evil-b.example", false],
    ["x@sub.b.example", false],
    ["x@evil.example,ops@a.example", false],
    ["x@evil.example\r\nBcc: ops@a.example", false],
    ['"x@evil.example"@b.example', false],
    ["<ops@a.example>", false],
    ["*@b.example", true],
    ["@b.example", false],
  ])("%j: %s", (address, may) => expect(mayReceive(address, recipients)).toBe(may));

  test("never with an empty list", () => {
    expect(mayReceive("a@b.example", "")).toBe(false);
    expect(mayReceive("a@b.example", "*")).toBe(false);
  });
});
