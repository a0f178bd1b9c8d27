import { expect, test } from "vitest";
import type { RunErrorKind } from "../../../consumer/sandbox/engine.ts";
import { sandboxLimits } from "../../../shared/limits.ts";
import { run } from "../running.ts";

const hostile: [name: string, kinds: RunErrorKind[], code: string][] = [
  ["an endless loop", ["fuel"], "for (;;) {}"],
  ["an endless loop in a function", ["fuel"], "const f = () => { while (true); }; f();"],
  ["an endless loop in a promise job", ["fuel"], "await null; for (;;) {}"],
  [
    "an endless loop in a timer",
    ["fuel"],
    "setTimeout(() => { for (;;) {} }, 1); await new Promise(() => {});",
  ],
  ["a loop of native work", ["memory", "fuel"], "const a = []; for (;;) a.push('x'.repeat(1e6));"],
  ["a loop of native copies", ["fuel"], "const a = new Uint8Array(4e6); for (;;) a.slice();"],
  ["a loop of native fills", ["fuel"], "for (;;) new Uint8Array(4e6);"],
  [
    "a loop of string joins",
    ["fuel", "memory"],
    "let s = 'ab'; for (;;) { s += s; if (s.length > 1e6) s = 'ab'; }",
  ],
  [
    "a loop that catches all",
    ["fuel"],
    "for (;;) { try { null.x } catch {} finally { continue } }",
  ],
  [
    "a generator without an end",
    ["fuel"],
    "function* g() { for (;;) yield 1 } for (const x of g());",
  ],
  [
    "a proxy that answers itself",
    ["fuel"],
    "const p = new Proxy([], { get: () => 1, has: () => true }); for (let i = 0; ; i++) p[i];",
  ],
  ["a catastrophic expression", ["fuel"], "/^(a+)+$/.test('a'.repeat(40) + 'b')"],
  ["a catastrophic replacement", ["fuel"], "'x'.repeat(50000).replace(/(x+x+)+y/g, '')"],
  [
    "a hostile sort",
    ["fuel"],
    "const a = Array.from({ length: 1e5 }, (_, i) => i); for (;;) a.sort(() => Math.random() - 0.5);",
  ],
  ["a comparator that loops", ["fuel"], "[3, 2, 1].sort(() => { for (;;) {} })"],
  ["a big integer tower", ["fuel", "memory"], "let n = 3n; for (;;) n = n * n;"],
  ["a big integer power", ["fuel", "memory", "thrown"], "(2n ** 30000000n).toString().length"],
  [
    "JSON of a deep tree",
    ["fuel", "memory", "stack"],
    "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)",
  ],
  ["an array bomb", ["memory", "fuel"], "const a = []; for (;;) a.push([a.length]);"],
  [
    "an object bomb",
    ["memory", "fuel"],
    "const o = {}; for (let i = 0; ; i++) o['k' + i] = { i };",
  ],
  ["a map bomb", ["memory", "fuel"], "const m = new Map(); for (let i = 0; ; i++) m.set(i, i);"],
  ["a buffer bomb", ["memory", "thrown"], "const a = []; for (;;) a.push(new ArrayBuffer(1e6));"],
  ["a string of a gigabyte", ["memory", "thrown"], "'x'.repeat(2 ** 30)"],
  ["a padded string of a gigabyte", ["memory", "thrown"], "'x'.padStart(2 ** 30 - 2, 'yz').length"],
  [
    "an array of two to the thirty-two",
    ["memory", "thrown", "fuel"],
    "new Array(2 ** 32 - 1).fill(1)",
  ],
  ["a buffer of two gigabytes", ["memory", "thrown"], "new Uint8Array(2 ** 31)"],
  [
    "a closure bomb",
    ["memory", "fuel"],
    "const a = []; for (;;) { const x = a.length; a.push(() => x); }",
  ],
  ["a recursion without an end", ["stack"], "const f = () => f() + 1; f();"],
  ["a mutual recursion", ["stack"], "const f = () => g(), g = () => f(); f();"],
  ["a recursion through toString", ["stack"], "const o = { toString() { return '' + o } }; '' + o"],
  ["a recursion through getters", ["stack"], "const o = { get a() { return this.a } }; o.a"],
  [
    "a recursion through a proxy",
    ["stack", "fuel", "memory"],
    "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x",
  ],
  [
    "a recursion through JSON",
    ["stack", "fuel"],
    "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
  ],
  [
    "a recursion that catches itself",
    ["fuel", "stack"],
    "const f = () => { try { f() } finally { f() } }; f();",
  ],
  [
    "a storm of promises",
    ["fuel", "memory"],
    "const f = () => Promise.resolve().then(f).then(f); f(); await new Promise(() => {});",
  ],
  [
    "an endless chain of jobs",
    ["fuel"],
    "const f = () => queueMicrotask(f); f(); await new Promise(() => {});",
  ],
  [
    "a thenable that answers itself",
    ["fuel", "stack"],
    "const t = { then(ok) { ok(t) } }; await t",
  ],
  [
    "timers without an end",
    ["fuel", "memory"],
    "const f = () => setTimeout(f, 0); f(); await new Promise(() => {});",
  ],
  ["an interval that is never cleared", ["fuel", "deadline"], "setInterval(() => {}, 1);"],
  [
    "an endless async iterator",
    ["fuel"],
    "for await (const x of (async function* () { for (;;) yield 1 })());",
  ],
  ["a promise that nothing settles", ["stalled"], "await new Promise(() => {})"],
  ["a value whose getter loops", ["fuel"], "({ get [Symbol.toStringTag]() { for (;;) {} } })"],
  [
    "a value whose inspection loops",
    ["fuel"],
    "({ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;) {} } })",
  ],
  [
    "an error whose message loops",
    ["fuel"],
    "throw { __proto__: Error.prototype, get message() { for (;;) {} } }",
  ],
  ["a log that loops", ["fuel"], "for (;;) console.log('x'.repeat(1000));"],
  ["an endless listing", ["fuel"], "for (;;) require('fs').readdirSync('.');"],
  [
    "an endless digest",
    ["fuel"],
    "const c = require('crypto'), b = Buffer.alloc(1e6); for (;;) c.createHash('sha256').update(b).digest();",
  ],
  [
    "an endless encoding",
    ["fuel"],
    "const s = 'x'.repeat(1e6); for (;;) new TextEncoder().encode(s);",
  ],
  ["an endless formatting", ["fuel"], "for (let i = 0; ; i++) (i + 0.5).toLocaleString('de-DE');"],
  ["a parser bomb", ["syntax", "stack", "memory"], `${"(".repeat(50_000)}1${")".repeat(50_000)}`],
  ["a bomb of nested arrays", ["syntax", "stack", "memory"], `${"[".repeat(100_000)}`],
  ["an eval bomb", ["fuel"], "let s = '1'; for (;;) eval(s += '+1');"],
  [
    "a regular expression bomb",
    ["thrown", "memory", "fuel", "stack"],
    "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
  ],
  ["a program that is too long", ["too_large"], `"${"x".repeat(sandboxLimits.codeBytesMax)}"`],
];

test.each(hostile)("%s ends as one of %j", async (_name, kinds, code) => {
  const outcome = await run(code, { limits: { wallMs: 8_000, fuel: 40_000_000 } });
  expect(outcome.error?.kind).toBeOneOf(kinds);
  expect(outcome.value).toBeNull();
  expect(outcome.usage.fuel).toBeLessThanOrEqual(40_000_000);
});

const harmless: [name: string, code: string][] = [
  ["a throwing toString", "({ toString() { throw 1 } })"],
  ["a throwing getter", "({ get a() { throw 1 } })"],
  [
    "a proxy that throws everywhere",
    "new Proxy({}, new Proxy({}, { get() { throw new Error('trap') } }))",
  ],
  ["a revoked proxy", "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); proxy"],
  [
    "a throwing custom inspection",
    "({ [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 } })",
  ],
  ["a thrown proxy", "throw new Proxy({}, { get() { throw 1 } })"],
  [
    "a thrown error with throwing parts",
    "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { throw 1 } }); throw e",
  ],
  ["a thrown null", "throw null"],
  ["a thrown function", "throw () => {}"],
  ["a null byte in the output", "console.log('a\\0b'); 'c\\0d'"],
  ["a lone surrogate in the output", "console.log('\\ud800'); '\\udfff'"],
  [
    "prototypes that are broken",
    "Object.prototype.toJSON = () => { throw 1 }; Array.prototype.map = null; Promise.prototype.then = null; 1",
  ],
  [
    "globals that are deleted",
    "for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k] } catch {}\n1",
  ],
  ["JSON that is replaced", "JSON.stringify = JSON.parse = () => '!{}'; console.log('x'); 2"],
  ["a file name that is an object", "require('fs').writeFileSync({ toString: () => 'a' }, 'x')"],
  ["an endless promise chain that is dropped", "Promise.reject(new Error('unheard')); 1"],
];

test.each(harmless)("%s ends with an outcome", async (_name, code) => {
  const outcome = await run(code, { limits: { fuel: 50_000_000 } });
  expect(outcome.error?.kind ?? "none").toBeOneOf(["none", "thrown", "stalled"]);
});

test("a program whose limit stopped it changes no file and keeps its output", async () => {
  const outcome = await run(
    "console.log('before'); require('fs').writeFileSync('a', 'x'); for (;;) {}",
    { limits: { fuel: 20_000_000 } },
  );
  expect(outcome.logs).toBe("before");
  expect(outcome.error?.kind).toBe("fuel");
  expect(outcome.changes.size).toBe(0);
});

test("output and value are capped, with a note of what was left out", async () => {
  const outcome = await run(
    "for (let i = 0; i < 500; i++) console.log('x'.repeat(99)); 'y'.repeat(5000)",
    {
      limits: { logBytes: 1_000, valueBytes: 1_000 },
    },
  );
  expect(outcome.logs.length).toBeLessThan(1_100);
  expect(outcome.logs).toContain("more bytes of output were cut off");
  expect(outcome.value?.length).toBeLessThan(1_100);
  expect(outcome.value).toContain("more bytes were cut off");
});

test("a friendly program still runs next to four that spin", async () => {
  const spinning = Array.from({ length: sandboxLimits.programsAtOnceMax }, () =>
    run("for (;;) {}", { limits: { fuel: 20_000_000 } }),
  );
  const friendly = await run("1 + 1");
  expect(friendly.value).toBe("2");
  for (const outcome of await Promise.all(spinning)) expect(outcome.error?.kind).toBe("fuel");
});
