import { expect, test } from "vitest";
import { run } from "../running.ts";

const values: [name: string, code: string, value: string | null][] = [
  ["the last expression", "const a = 2;\na * 21", "42"],
  ["the last expression without a semicolon before it", "const a = 2\na * 21", "42"],
  ["a last expression that is awaited", "await Promise.resolve(7)", "7"],
  ["a last expression that is a promise", "Promise.resolve(7)", "7"],
  ["a call of an async main", "async function main() { return 'done' }\nmain()", "done"],
  ["nothing after a declaration", "const a = 1;", null],
  ["nothing after console.log", "console.log('x')", null],
  ["only an object literal", "{ a: 1, b: [2] }", "{ a: 1, b: [ 2 ] }"],
  ["a parenthesised object", "({ a: 1 })", "{ a: 1 }"],
  ["a string as it is", "'it\\'s'", "it's"],
  ["null, which is not undefined", "null", "null"],
  ["a return at the top level", "if (true) return 'early';\n'late'", "early"],
  ["the last expression of an if", "if (1) { 'yes' } else { 'no' }", "yes"],
  ["the last expression of a try", "try { JSON.parse('{') } catch { 'caught' }", "caught"],
  ["a default export", "export default 1 + 1", "2"],
  ["a default export of a main function", "export default async function main() { return 3 }", "3"],
  [
    "a default export of a function with parameters",
    "export default function f(a) {}",
    "[Function: f]",
  ],
  ["only a function, which is called", "async () => { return 4 }", "4"],
  ["module.exports", "module.exports = { a: 1 };", "{ a: 1 }"],
  ["a main function in module.exports", "module.exports = async () => 11 * 3", "33"],
  ["a class in module.exports", "module.exports = class A {}", "[class A]"],
  [
    "a function with parameters in module.exports",
    "module.exports = function f(a) {}",
    "[Function: f]",
  ],
  ["a comment after the last expression", "1 + 1 // two", "2"],
  ["a comment before the last expression", "1;\n// then\n2", "2"],
  ["an assignment to an undeclared name", "total = 5;\ntotal", "5"],
  ["a program that begins with #!", "#!/usr/bin/env node\n8", "8"],
  ["a class", "class A {}\nA", "[class A]"],
  ["a template", `\`a${"$"}{1}\``, "a1"],
  ["a sequence", "1, 2", "2"],
  ["an arrow that is called", "(() => 5)()", "5"],
  ["a labelled loop", "a: for (;;) break a;", null],
  ["a program that is empty", "", null],
  ["process.exit, which ends it", "console.log(1); process.exit(0); console.log(2)", null],
];

test.each(values)("the value of a program is %s", async (_name, code, value) => {
  const outcome = await run(code);
  expect(outcome.error).toBeNull();
  expect(outcome.value).toBe(value);
});

const imports: [name: string, code: string, value: string][] = [
  ["a default import", "import fs from 'node:fs'; fs.readFileSync('in.txt', 'utf8')", "hello"],
  ["an import without node:", "import fs from 'fs'; fs.readFileSync('./in.txt', 'utf8')", "hello"],
  [
    "named imports",
    "import { readFile as r } from 'node:fs/promises'; await r('/in.txt', 'utf8')",
    "hello",
  ],
  ["a namespace import", "import * as fs from 'fs'; fs.existsSync('in.txt')", "true"],
  ["default and named imports", "import path, { join } from 'path'; path.join === join", "true"],
  ["an import below its use", "const x = join('a', 'b');\nimport { join } from 'path';\nx", "a/b"],
  [
    "a dynamic import",
    "const fs = await import('node:fs/promises'); await fs.readFile('in.txt', 'utf8')",
    "hello",
  ],
  [
    "the default of a dynamic import",
    "(await import('node:fs')).default.existsSync('in.txt')",
    "true",
  ],
  ["require", "const { readFileSync } = require('fs'); readFileSync('in.txt', 'utf8')", "hello"],
  ["require of JSON", "require('./data.json').a", "1"],
  ["import of JSON", "import data from './data.json' with { type: 'json' }; data.a", "1"],
  ["require of a workspace module", "require('./lib.cjs').twice(4)", "8"],
  ["import of a workspace module", "import { thrice } from './lib.mjs'; thrice(4)", "12"],
  ["import of a default from a workspace module", "import name from './lib.mjs'; name", "lib"],
  ["import.meta", "import.meta.url", "file:///program.js"],
];

test.each(imports)("%s works on the workspace", async (_name, code, value) => {
  const files = {
    "in.txt": "hello",
    "data.json": '{"a":1}',
    "lib.cjs": "exports.twice = (x) => x * 2;",
    "lib.mjs":
      "import { sep } from 'path'; export const thrice = (x) => x * 3 + sep.length - 1; export default 'lib';",
  };
  const outcome = await run(code, { files });
  expect(outcome.error).toBeNull();
  expect(outcome.value).toBe(value);
});

test("a package that does not exist is refused in words that say what there is", async () => {
  const outcome = await run("import axios from 'axios'; await axios.get('https://x.example')");
  expect(outcome.error?.message).toContain("Cannot find module 'axios'");
  expect(outcome.error?.message).toContain("for HTTP use fetch()");
});

test("a sleep beyond the run's share of real time passes at once", async () => {
  const outcome = await run(
    "const t = Date.now(); await new Promise((r) => setTimeout(r, 3_600_000)); Date.now() - t >= 3_600_000",
  );
  expect(outcome.value).toBe("true");
});

test("a run waits for the timers and promises that a program leaves running, as Node does", async () => {
  const outcome = await run(
    "(async () => { await null; setTimeout(() => console.log('late'), 5) })(); 1",
  );
  expect(outcome).toMatchObject({ value: "1", logs: "late", error: null });
});
