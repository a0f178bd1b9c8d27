import { expect, test } from "vitest";
import { excerptAt } from "../../../consumer/sandbox/excerpt.ts";
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

const pointed: [code: string, marked: string][] = [
  ["const a = 1;\nfoo.bar", "foo"],
  ["const rows = [{}];\nconsole.log(rows[0].name.length)", "length"],
  ["const x = { a: 1 };\n\tx.run(2)", "(2)"],
  ["JSON.parse('{a')", "('{a')"],
  ["function f() {\n  throw new RangeError('far');\n}\nf()", "('far')"],
  ["[1].map((n) => n.x.y)", "y)"],
  ["await Promise.reject(new Error('no'))", "('no')"],
  ["new Map([1])", "([1])"],
  ["const { b } = null", "const"],
  ["'x'.repeat(-1)", "(-1)"],
  ["class A { constructor() { this.b.c } }\nnew A()", "c }"],
  ["setTimeout(() => undefinedName(), 1)", "undefinedName"],
  ["const c = 1;\n  c = 2", ""],
  ["new Array(-1)", "(-1)"],
  ["for (const q of 5) ;", "for"],
];

test.each(pointed)("the error of %j is shown with its line and a caret", async (code, marked) => {
  const { error } = await run(code);
  const [place, line = "", caret = ""] = excerptAt(code, error?.stack ?? "").split("\n");
  expect(place).toMatch(/^program\.js:[12]$/);
  expect(caret).toMatch(/^\s*\^$/);
  // The engine's column is at the name, or at the bracket behind it.
  expect(line.slice(caret.length - 1, caret.length + marked.length)).toContain(marked);
});

test("of a long line only what is around the place is shown", () => {
  const code = `${"a".repeat(500)}.b.c;${"d".repeat(500)}`;
  const [, line = "", caret = ""] = excerptAt(code, "at program.js:1:502").split("\n");
  expect(line.length).toBeLessThan(130);
  expect(line[caret.length - 1]).toBe("b");
  expect(excerptAt(code, "at other.js:1:2")).toBe("");
});
