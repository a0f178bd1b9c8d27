import { expect, test } from "vitest";
import { run } from "../running.ts";
import { expectNowhere } from "./attempt.ts";

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
  [
    "a Function from a generator",
    "(function* () {}).constructor('yield typeof caches')().next().value",
    /^undefined$/,
  ],
  [
    "a Function from a bound one",
    "t.bind(null).constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from a getter of a URL",
    "Object.getOwnPropertyDescriptor(URL.prototype, 'href').get.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from a timer",
    "setTimeout(() => {}).constructor.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from the console",
    "console.log.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from Intl, which asks outside",
    "new Intl.NumberFormat('en').format.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from a URL, which asks outside",
    "new URL('http://a').searchParams.constructor.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from a digest",
    "(await crypto.subtle.digest('SHA-256', new Uint8Array(1))).constructor.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from an error that a limit described",
    "try { new Array(-1) } catch (e) { e.constructor.constructor('return typeof caches')() }",
    /^undefined$/,
  ],
  [
    "a Function that a string timer would compile",
    "try { setTimeout('globalThis.x = typeof caches') } catch (e) { e.name }",
    /^TypeError$/,
  ],
  [
    "code that is compiled at another place",
    "new (Object.getPrototypeOf(async function* () {}).constructor)('yield typeof caches')().next().then((r) => r.value)",
    /^undefined$/,
  ],
  [
    "WebAssembly by its bytes",
    "try { new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) } catch (e) { e.name }",
    /^ReferenceError$/,
  ],
  [
    "WebAssembly through the global",
    "globalThis['Web' + 'Assembly'] === undefined && !Reflect.has(globalThis, 'WebAssembly')",
    /^true$/,
  ],
  ["a worker thread", "require('worker_threads')", null],
  ["a virtual machine", "require('vm').runInThisContext('typeof caches')", null],
  ["the module system's own loader", "require('module')._load('child_process')", null],
  [
    "a built-in by process",
    "typeof process.getBuiltinModule === 'function' ? process.getBuiltinModule('child_process') : 'none'",
    /^(none|undefined|null)$/,
  ],
  [
    "a native binding",
    "typeof process.dlopen + typeof process._linkedBinding",
    /^undefinedundefined$/,
  ],
  [
    "the environment's secrets",
    "JSON.stringify(Object.keys(process.env).filter((k) => /SECRET|KEY|TOKEN/.test(k)))",
    /^\[\]$/,
  ],
  [
    "a stub's methods by name",
    "[typeof t.dup, typeof t.files, typeof t.aborted, typeof t.close].join()",
    /^undefined,undefined,undefined,undefined$/,
  ],
  [
    "a method of the host as a tool",
    "typeof globalThis.fetch.close + typeof globalThis.aborted + typeof globalThis.files",
    /^undefinedundefinedundefined$/,
  ],
  [
    "a tool's answer with a prototype",
    "const a = await t({}); a.__proto__ === Object.prototype && !('polluted' in {})",
    /^true$/,
  ],
  [
    "arguments with __proto__ for the host",
    'await t(JSON.parse(\'{"__proto__": {"polluted": 1}}\')); ({}).polluted === undefined',
    /^true$/,
  ],
  [
    "arguments with toJSON for the host",
    "await t({ toJSON() { return { a: 1 } } }); 'asked'",
    /^asked$/,
  ],
  [
    "arguments that are a proxy",
    "await t(new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ value: globalThis, enumerable: true, configurable: true }) })).catch((e) => e.name)",
    null,
  ],
  [
    "headers with a line break",
    "await fetch('https://a.example/', { headers: { 'x-a': 'b\\r\\nhost: evil' } }).catch((e) => e.name)",
    /^TypeError$/,
  ],
  [
    "a method with a line break",
    "await fetch('https://a.example/', { method: 'GET /evil HTTP/1.1\\r\\nx: y' }).catch((e) => e.name)",
    null,
  ],
  [
    "a fetch of a file",
    "await fetch('file:///etc/passwd').then((r) => r.status, (e) => e.name)",
    /^(403|TypeError)$/,
  ],
  [
    "a fetch of data",
    "await fetch('data:text/plain,root:x').then((r) => r.status, (e) => e.name)",
    /^(403|TypeError|200)$/,
  ],
  [
    "a symbolic link out of the workspace",
    "const fs = require('fs'); try { fs.symlinkSync('/etc/passwd', 'l'); fs.readFileSync('l', 'utf8') } catch (e) { 'no link' }",
    /^no link$/,
  ],
  [
    "a hard link out of the workspace",
    "const fs = require('fs'); try { fs.linkSync('/etc/passwd', 'l'); fs.readFileSync('l', 'utf8') } catch (e) { 'no link' }",
    /^no link$/,
  ],
  ["a path with backslashes", "require('fs').readFileSync('..\\\\..\\\\etc\\\\passwd')", null],
  ["a path with encoded dots", "require('fs').readFileSync('%2e%2e/%2e%2e/etc/passwd')", null],
  ["a path of many dots", "require('fs').readFileSync('....//....//etc/passwd')", null],
  [
    "a path that is an object",
    "require('fs').readFileSync({ toString: () => '../../etc/passwd' })",
    null,
  ],
  [
    "a path of a megabyte",
    "try { require('fs').writeFileSync('a'.repeat(1e6), '') } catch (e) { e.code }",
    /^ENAMETOOLONG$/,
  ],
  [
    "a file of a gigabyte",
    "try { require('fs').writeFileSync('a', new Uint8Array(9e6)) } catch (e) { e.code ?? e.name }",
    /^EFBIG$/,
  ],
  [
    "more files than a workspace holds",
    "let n = 0; try { for (;;) require('fs').writeFileSync('f' + n++, '') } catch (e) { e.code + (n <= 1002) }",
    /^ENOSPCtrue$/,
  ],
  [
    "a tool call of ten megabytes",
    "await t({ x: 'x'.repeat(1e7) }).then(() => 'sent', (e) => 'refused')",
    null,
  ],
  [
    "a message that reaches the host's parser",
    "console.log('!{\"name\":\"x\"}', '=1'); 'said'",
    /^said$/,
  ],
  [
    "the stack of an error that crossed",
    "try { await bad({}) } catch (e) { String(e.stack) }",
    null,
  ],
  ["the stack of an error of the parser", "try { eval('(') } catch (e) { String(e.stack) }", null],
  [
    "paths of the host in a raw stack",
    "const raw = Object.getOwnPropertyDescriptor(new Error('x'), 'stack')?.value ?? ''; !/[\\/]|https?:|file:/.test(raw)",
    /^true$/,
  ],
  [
    "the interpreter's own global through this",
    "(function () { return this === globalThis && typeof this.host })()",
    null,
  ],
  [
    "the prelude through a symbol",
    "Object.getOwnPropertySymbols(globalThis).length + Object.getOwnPropertyNames(globalThis).filter((n) => /host|prelude|bridge|dispatch/i.test(n)).length",
    /^[01]$/,
  ],
  [
    "a clock finer than a millisecond",
    "const a = performance.now(); let b; do { b = performance.now() } while (b === a && performance.now() < a + 50); b - a >= 0.9 || b === a",
    null,
  ],
  [
    "memory of an earlier run",
    "new Uint8Array(1e6).every((byte) => byte === 0) && Buffer.allocUnsafe(1e5).every((byte) => byte === 0)",
    /^true$/,
  ],
  [
    "a shared buffer",
    "typeof SharedArrayBuffer === 'undefined' || new SharedArrayBuffer(8).byteLength === 8",
    /^true$/,
  ],
];

test("there are at least sixty attempts, none twice", () => {
  expect(new Set(attempts.map(([, code]) => code)).size).toBe(attempts.length);
  expect(attempts.length).toBeGreaterThanOrEqual(60);
});

test.each(attempts)("%s leads nowhere", async (_name, code, expected) => {
  await expectNowhere(code, expected);
});
