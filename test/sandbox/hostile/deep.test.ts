/** Calls and data that are nested deep, on stacks that the isolate makes for them: none ends more than its program. */
import { expect, test } from "vitest";
import type { RunErrorKind } from "../../../consumer/sandbox/engine.ts";
import { run } from "../running.ts";

const deep: [name: string, code: string, value: RegExp][] = [
  [
    "calls without an end that are caught",
    "let n = 0; const f = () => f(); for (let i = 0; i < 20; i++) try { f() } catch (e) { n += e instanceof RangeError } n",
    /^20$/,
  ],
  [
    "a tool that is called deep down",
    "const f = async (n) => (n ? f(n - 1) : t({})); await f(4000); 'called'",
    /^called$/,
  ],
  [
    "a file that is read deep down",
    "const f = (n) => (n ? f(n - 1) : fs.readFileSync('in.txt', 'utf8')); f(9000)",
    /^hello$/,
  ],
  [
    "a callback of the engine deep down",
    "const f = (n) => (n ? [n].map(() => f(n - 1))[0] : 'end'); f(2500)",
    /^end$/,
  ],
  [
    "generators in each other",
    "function* g(n) { if (n) yield* g(n - 1); else yield 'end' } [...g(1500)][0]",
    /^end$/,
  ],
  [
    "a message of an error that is computed deep down",
    "class E extends Error { get message() { const f = (n) => (n ? f(n - 1) : 'deep'); return f(5000) } } try { throw new E() } catch (e) { e.message }",
    /^deep$/,
  ],
  [
    "arguments that are computed deep down",
    "await t({ toJSON() { const f = (n) => (n ? f(n - 1) : 1); return { a: f(5000) } } }); 'sent'",
    /^sent$/,
  ],
  [
    "a list of a million that is dropped",
    "let l = null; for (let i = 0; i < 3e5; i++) l = { l }; l = null; 'dropped'",
    /^dropped$/,
  ],
  [
    "an exception through many calls",
    "const f = (n) => { if (n) f(n - 1); else throw new Error('up') }; try { f(9000) } catch (e) { e.message }",
    /^up$/,
  ],
  [
    "a finally in each of many calls",
    "let n = 0; const f = (k) => { try { if (k) f(k - 1); else throw 1 } finally { n++ } }; try { f(5000) } catch {} n",
    /^5001$/,
  ],
];

test.each(deep)("%s is done as elsewhere", async (_name, code, value) => {
  const call = async () => ({ ok: true as const, json: "{}" });
  const options = { tools: ["t"], files: { "in.txt": "hello" }, capabilities: { call } };
  const outcome = await run(code, options);
  expect(outcome.error).toBeNull();
  expect(outcome.value).toMatch(value);
});

const tooDeep: [name: string, code: string][] = [
  ["proxies of proxies", "let p = {}; for (let i = 0; i < 50000; i++) p = new Proxy(p, {}); p.x"],
  [
    "bound functions of bound functions",
    "let f = () => 1; for (let i = 0; i < 50000; i++) f = f.bind(null); f()",
  ],
  [
    "lists in lists, written",
    "let a = []; for (let i = 0; i < 50000; i++) a = [a]; JSON.stringify(a)",
  ],
  ["lists in lists, read", "JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))"],
  ["lists in lists, flat", "let a = []; for (let i = 0; i < 50000; i++) a = [a]; a.flat(Infinity)"],
  ["lists in lists, as a text", "let a = []; for (let i = 0; i < 50000; i++) a = [a]; String(a)"],
  [
    "lists in lists, cloned",
    "let a = []; for (let i = 0; i < 50000; i++) a = [a]; structuredClone(a)",
  ],
  ["groups in groups of a pattern", "new RegExp('('.repeat(50000) + ')'.repeat(50000)).test('')"],
  ["brackets in brackets that are evaluated", "eval('('.repeat(50000) + '1' + ')'.repeat(50000))"],
  ["calls without an end", "const f = () => f(); f()"],
  ["getters without an end", "const o = { get x() { return this.x } }; o.x"],
  ["conversions without an end", "const o = { toString() { return '' + this } }; '' + o"],
  ["a comparison without an end", "const f = () => [2, 1].sort(f); f()"],
  ["a replacement without an end", "const f = () => 'a'.replace(/a/, f); f()"],
  [
    "toJSON without an end",
    "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
  ],
  [
    "classes of classes",
    "let C = class {}; for (let i = 0; i < 20000; i++) C = class extends C {}; new C()",
  ],
];

test.each(tooDeep)("%s end only their own program", async (_name, code) => {
  const { error } = await run(code, { limits: { fuel: 100_000_000 } });
  const kinds: (RunErrorKind | undefined)[] = ["stack", "memory", "fuel", "thrown", undefined];
  expect(kinds).toContain(error?.kind);
  expect((await run("1 + 1")).value).toBe("2");
});

test("programs that are deep at the same time do not meet", async () => {
  const code = (n: number): string =>
    `const f = async (n) => (n ? 1 + (await f(n - 1)) : await t({})); const g = (n) => (n ? 1 + g(n - 1) : 0); await f(2000) + g(${n})`;
  const call = async () => ({ ok: true as const, json: "0" });
  const outcomes = await Promise.all(
    [8000, 7000, 6000, 5000, 8000].map((n) =>
      run(code(n), { tools: ["t"], capabilities: { call } }),
    ),
  );
  expect(outcomes.map(({ value }) => value)).toEqual(["10000", "9000", "8000", "7000", "10000"]);
  expect(outcomes[0]?.usage.fuel).toBe(outcomes[4]?.usage.fuel);
});

test("a program that uses its fuel deep down says where", async () => {
  const { error } = await run(
    "const f = (n) => {\n  if (n) f(n - 1);\n  else for (;;) n += String(n).length;\n};\nf(5000)",
    {
      limits: { fuel: 5_000_000 },
    },
  );
  expect(error?.kind).toBe("fuel");
  expect(error?.message).toContain("line 3");
});
