import { expect, test } from "vitest";
import { run } from "./running.ts";

/** Names that exist in the isolates around the interpreter and must not be seen from inside. */
const outside = [
  "WebAssembly",
  "caches",
  "HTMLRewriter",
  "WorkerEntrypoint",
  "WebSocket",
  "WebSocketPair",
  "scheduler",
  "Cloudflare",
  "host",
  "prelude",
  "callHost",
  "LOADER",
  "env",
  "acorn",
  "SharedWorker",
  "XMLHttpRequest",
  "Deno",
  "Bun",
];

test.each(outside)("the name %s means nothing inside", async (name) => {
  expect((await run(`typeof ${name}`)).value).toBe("undefined");
});

const attempts: [name: string, code: string, expected: RegExp | null][] = [
  [
    "a Function from a tool",
    "t.constructor('return typeof WebAssembly + typeof caches')()",
    /^undefinedundefined$/,
  ],
  [
    "a Function from a promise",
    "t({}).constructor.constructor('return typeof WebSocketPair')()",
    /^undefined$/,
  ],
  ["a Function from fetch", "fetch.constructor('return typeof caches')()", /^undefined$/],
  [
    "a Function from a tool's answer",
    "(await t({})).constructor.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from an error of a tool",
    "try { await bad({}) } catch (e) { e.constructor.constructor('return typeof caches')() }",
    /^undefined$/,
  ],
  [
    "a Function from an error of a file",
    "try { require('fs').readFileSync('x') } catch (e) { e.constructor.constructor('return typeof caches')() }",
    /^undefined$/,
  ],
  [
    "an async Function",
    "await (async () => {}).constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "the global of an indirect eval",
    "(0, eval)('typeof caches + typeof host')",
    /^undefinedundefined$/,
  ],
  [
    "the caller of a callback",
    "let c; [1].forEach(function () { c = arguments.callee.caller }); String(c === null || c === undefined)",
    null,
  ],
  ["the process binding", "process.binding?.('fs') ?? typeof process.mainModule", /^undefined$/],
  ["a builtin that runs programs", "require('child_process')", null],
  ["a builtin that opens sockets", "(await import('node:net')).connect(80)", null],
  ["cloudflare:workers", "await import('cloudflare:workers')", null],
  ["cloudflare:sockets", "await import('cloudflare:sockets')", null],
  ["a module over http", "await import('https://x.example/a.js')", null],
  ["a module of data", "await import('data:text/javascript,export default 1')", null],
  [
    "a path above the workspace",
    "require('fs').readFileSync('../../../../etc/passwd', 'utf8')",
    null,
  ],
  ["an absolute path", "require('fs').readFileSync('/etc/passwd', 'utf8')", null],
  ["a path of the platform's own files", "require('fs').readdirSync('/bundle')", null],
  ["the process's files", "require('fs').readFileSync('/proc/self/environ')", null],
  ["a file URL", "require('fs').readFileSync(new URL('file:///etc/passwd'))", null],
  ["a path with a NUL", "require('fs').readFileSync('in.txt\\0.js')", null],
  [
    "a file named __proto__",
    "require('fs').writeFileSync('__proto__', 'x'); require('fs').readFileSync('__proto__', 'utf8') + typeof ({}).x",
    /^xundefined$/,
  ],
  [
    "a tool named through the prototype",
    "Object.prototype.bad2 = t; typeof globalThis.bad3",
    /^undefined$/,
  ],
  [
    "the loader's prototype",
    "import.meta.constructor.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "Error.prepareStackTrace",
    "Error.prepareStackTrace = (e, s) => s; String(new Error('x').stack).includes('engine')",
    null,
  ],
  [
    "a patched Function.prototype.call",
    "Function.prototype.call = Function.prototype.apply = function () { globalThis.got = this; return 'caught' }; console.log('x'); typeof got",
    null,
  ],
  [
    "a patched Array iterator",
    "Array.prototype[Symbol.iterator] = function* () { yield globalThis }; try { await t({}) } catch {}; 'ok'",
    /ok|null/,
  ],
  [
    "a patched Promise",
    "Promise.prototype.then = function (f) { globalThis.seen = f; return this }; 'patched'",
    null,
  ],
  [
    "a patched Map",
    "Map.prototype.get = Map.prototype.set = () => ({ resolve: (x) => { globalThis.stolen = x } }); 'patched'",
    null,
  ],
  [
    "the frames of the engine",
    "const e = new Error('x'); console.log(e); e.constructor.name",
    /^Error$/,
  ],
  [
    "SharedArrayBuffer and Atomics as a clock",
    "typeof Atomics === 'undefined' || typeof Atomics.wait === 'undefined' || 'present'",
    null,
  ],
  ["a finalizer", "new FinalizationRegistry(() => {}).register({}, 1); 'ok'", /^ok$/],
];

test.each(attempts)("%s leads nowhere", async (_name, code, expected) => {
  const outcome = await run(code, {
    files: { "in.txt": "hello" },
    tools: ["t", "bad"],
    capabilities: {
      call: async (name) =>
        name === "t" ? { ok: true, json: "{}" } : { ok: false, message: "no" },
    },
    limits: { fuel: 20_000_000 },
  });
  if (expected) expect(outcome.value ?? "null").toMatch(expected);
  const shown = JSON.stringify([outcome.value, outcome.logs]);
  expect(shown).not.toMatch(/root:|LOADER|\[object Fetcher\]|JsRpc|interpreter@|engine\.js/);
});

test("the wire between program and host takes only what it expects", async () => {
  // Every field of a host call that the program controls, with something else in it.
  const requests: unknown[] = [];
  const outcome = await run(
    `const odd = [null, 1, {}, [], "x".repeat(70000), Symbol.iterator, () => 1, new Proxy({}, {})];
     for (const x of odd) { try { await fetch("https://a.example/", { method: x, headers: { a: "b" }, body: x }) } catch {} }
     for (const x of odd) { try { await t({ x }) } catch {} }
     "survived"`,
    {
      tools: ["t"],
      capabilities: {
        fetch: async (request) => {
          requests.push(request);
          return { url: "", status: 200, statusText: "", headers: [], body: new Uint8Array() };
        },
        call: async (_name, json) => ({ ok: true, json }),
      },
    },
  );
  expect(outcome.value).toBe("survived");
  for (const request of requests) {
    expect(request).toMatchObject({ url: expect.any(String), method: expect.any(String) });
  }
});

test("answers of the gateway that are out of range are errors of the program", async () => {
  for (const status of [0, 99, 600]) {
    const outcome = await run("await fetch('https://a.example/')", {
      capabilities: {
        fetch: async () => ({
          url: "",
          status,
          statusText: "",
          headers: [],
          body: new Uint8Array(),
        }),
      },
    });
    expect(outcome.error?.kind).toBe("thrown");
  }
});
