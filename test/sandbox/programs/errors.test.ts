import { expect, test } from "vitest";
import { run } from "../running.ts";

const thrown: [code: string, name: string, message: RegExp, place: string][] = [
  ["foo.bar", "ReferenceError", /foo/, "program.js:1:1"],
  ["const a = 1;\nconst b = 2;\nnull.x", "TypeError", /null/, "program.js:3:"],
  [
    "function f() {\n  throw new RangeError('far');\n}\n\nf();",
    "RangeError",
    /^far$/,
    "at f (program.js:2:",
  ],
  ["await Promise.reject(new Error('no'))", "Error", /^no$/, "program.js:1:"],
  [
    "async function g() {\n  await null;\n  throw new Error('deep');\n}\nawait g();",
    "Error",
    /^deep$/,
    "program.js:3:",
  ],
  ["import fs from 'fs';\n\nfs.readFileSync('nope');", "Error", /ENOENT.*nope/, "program.js:3:"],
  [
    "class MyError extends Error { name = 'MyError' }\nthrow new MyError('mine')",
    "MyError",
    /^mine$/,
    "program.js:2:",
  ],
  ["setTimeout(() => {\n  throw new Error('late');\n}, 1);", "Error", /^late$/, "program.js:2:"],
  ["/* a\nb\nc */ undefined.x", "TypeError", /undefined/, "program.js:3:"],
];

test.each(thrown)(
  "the error of %j carries its own lines and no other frames",
  async (code, name, message, place) => {
    const { error, value } = await run(code);
    expect(value).toBeNull();
    expect(error).toMatchObject({ kind: "thrown", name });
    expect(error?.message).toMatch(message);
    expect(error?.stack).toContain(place);
    for (const line of error?.stack.split("\n") ?? [])
      expect(line).toMatch(/program\.js:\d+:\d+\)?$/);
  },
);

const syntax: [code: string, message: RegExp][] = [
  ["let x = ;", /Unexpected token \(program\.js:1:9\)/],
  ["const a = 1;\nconst a = 2;", /already been declared \(program\.js:2:7\)/],
  ["function f( {", /program\.js:1:14/],
  ["const x: number = 5;", /Write JavaScript/],
  ["import { x } from;", /program\.js:1:18/],
];

test.each(syntax)("the syntax error of %j says where it is", async (code, message) => {
  const { error } = await run(code);
  expect(error).toMatchObject({ kind: "syntax", name: "SyntaxError" });
  expect(error?.message).toMatch(message);
});

test("a thrown value that is not an error is shown", async () => {
  expect((await run("throw 'text'")).error).toMatchObject({ name: "Uncaught", message: "text" });
  expect((await run("throw { a: 1 }")).error).toMatchObject({ message: "{ a: 1 }" });
});

test("the cause of an error is shown behind its stack", async () => {
  const { error } = await run("throw new Error('outer', { cause: new Error('inner') })");
  expect(error?.stack).toContain("[cause]: Error: inner");
});

test("a program that throws keeps its output and its files", async () => {
  const outcome = await run(
    "console.log('x'); require('fs').writeFileSync('a', 'b'); throw new Error('end')",
  );
  expect(outcome.logs).toBe("x");
  expect([...outcome.changes.keys()]).toEqual(["a"]);
});

test("the stack that a program reads begins with the error itself", async () => {
  const outcome = await run(
    "function f() {\n  throw new TypeError('bad');\n}\ntry { f() } catch (e) { console.log(e.stack) }\nconst o = { stack: [1] }; o.stack = [2]; o.stack.push(3); [o.stack, o?.stack.length, undefined?.stack]",
  );
  expect(outcome.logs).toMatch(/^TypeError: bad\n {4}at f \(program\.js:2:/);
  expect(outcome.value).toBe("[ [ 2, 3 ], 2, undefined ]");
});

test("a call that nothing awaits fails the run when its promise is rejected", async () => {
  const outcome = await run(
    "async function main() {\n  await null;\n  throw new Error('unseen');\n}\nmain();\nconsole.log('started');",
  );
  expect(outcome.logs).toBe("started");
  expect(outcome.error).toMatchObject({ kind: "thrown", message: "unseen" });
});
