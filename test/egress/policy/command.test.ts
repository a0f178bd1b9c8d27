import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { checkFiles, decideLines } from "../../../policies/command.ts";

async function* lines(list: readonly string[]) {
  yield* list;
}

const policy = JSON.stringify({
  local_development: true,
  rules: [
    { host: "a.example", inject: { header: "x-key", secret: "KEY" } },
    { host: "b.example" },
    { host: "127.0.0.1", schemes: ["http"] },
  ],
});

async function decideAll(text: string | null, requests: readonly string[]) {
  const writtenLines: unknown[] = [];
  const warned: string[] = [];
  const valid = await decideLines(
    text,
    lines(requests),
    (line) => writtenLines.push(JSON.parse(line)),
    (line) => warned.push(line),
  );
  return { written: writtenLines, warned, valid };
}

test("each request gets one decision, in order", async () => {
  const { written, warned, valid } = await decideAll(policy, [
    '{"method":"GET","url":"https://b.example/","headers":{}}',
    '{"url":"https://a.example/"}',
    "",
    '{"method":"POST","url":"https://c.example/","headers":[["accept","*/*"]]}',
    '{"method":"GET","url":"https://b.example/","headers":{"Upgrade":"websocket"}}',
    '{"method":"GET","url":"http://127.0.0.1/"}',
  ]);
  expect(written).toEqual([
    { action: "allow", rule: 1, reason: "rule" },
    { action: "inject", rule: 0, reason: "rule" },
    { action: "deny", rule: null, reason: "no_rule" },
    { action: "deny", rule: null, reason: "header" },
    { action: "deny", rule: null, reason: "address" },
  ]);
  expect(warned).toEqual([]);
  expect(valid).toBe(true);
});

test.each([
  "not json",
  "[]",
  "null",
  "{}",
  '{"url":7}',
  '{"url":"https://b.example/","method":7}',
  '{"url":"https://b.example/","headers":"x"}',
  '{"url":"https://b.example/","headers":{"x":7}}',
  '{"url":"https://b.example/","headers":[["x"]]}',
  '{"url":"https://b.example/","headers":null}',
])("a line that is not a request is denied and reported by its number: %s", async (line) => {
  const { written, warned } = await decideAll(policy, ['{"url":"https://b.example/"}', "", line]);
  expect(written[1]).toEqual({ action: "deny", rule: null, reason: "bad_request" });
  expect(warned).toHaveLength(1);
  expect(warned[0]).toContain("line 3 is denied");
});

test("a missing policy denies every line without a warning", async () => {
  const { written, warned, valid } = await decideAll(null, ['{"url":"https://b.example/"}']);
  expect(written).toEqual([{ action: "deny", rule: null, reason: "unknown_policy" }]);
  expect({ warned, valid }).toEqual({ warned: [], valid: false });
});

test("an invalid policy denies every line and is reported once", async () => {
  const { written, warned, valid } = await decideAll('{"rules":[{"host":"B.example"}]}', [
    '{"url":"https://b.example/"}',
    '{"url":"https://b.example/"}',
  ]);
  expect(written).toEqual(Array(2).fill({ action: "deny", rule: null, reason: "invalid_policy" }));
  expect(warned).toEqual(["policy: rules[0].host is not in canonical form; write b.example"]);
  expect(valid).toBe(false);
});

test("a check reports problems, warnings and missing secrets", async () => {
  const folder = await mkdtemp("/tmp/policies-");
  const file = async (name: string, text: string) => {
    const target = path.join(folder, name);
    await writeFile(target, text);
    return target;
  };
  const goodFile = await file("good.json", policy);
  const unreachable = await file("odd.json", '{"rules":[{"host":"10.0.0.1"}]}');
  const badFile = await file("bad.json", '{"rules":[{"host":"B.example"}]}');
  const check = async (paths: string[], environment: Record<string, string>) => {
    const lines: string[] = [];
    const code = await checkFiles(paths, environment, (line) => lines.push(line));
    return { code, text: lines.join("\n").replaceAll(`${folder}/`, "") };
  };
  expect(await check([goodFile, unreachable], { SECRET_KEY: "x" })).toEqual({
    code: 0,
    text: [
      "ok good.json: 3 rules",
      "  secret KEY: set",
      "ok odd.json: 1 rule",
      "  warning: rules[0].host is not globally reachable and always denied; use a public host",
    ].join("\n"),
  });
  const { code, text } = await check([goodFile, badFile, path.join(folder, "absent.json")], {});
  expect(code).toBe(1);
  expect(text).toContain("secret KEY: missing, set SECRET_KEY");
  expect(text).toContain(
    "invalid bad.json\n  rules[0].host is not in canonical form; write b.example",
  );
  expect(text).toContain("invalid absent.json\n  file not found");
});
