/** Attempts to leave the sandbox through Node's modules, the web's classes, Intl, JSON and the packages. */
import { expect, test } from "vitest";
import { expectNowhere } from "./attempt.ts";

const attempts: [name: string, code: string, expected: RegExp | null][] = [
  [
    "a Function from Node's own JavaScript",
    "require('util').inspect.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from a stream",
    "require('stream').Readable.from([1]).constructor.constructor('return typeof caches + typeof internalBinding')()",
    /^undefinedundefined$/,
  ],
  [
    "the bindings of Node's own JavaScript",
    "typeof internalBinding + typeof primordials + typeof process.binding + typeof nodeImage",
    /^undefinedundefinedundefinedundefined$/,
  ],
  [
    "Node's internal modules by name",
    "try { require('internal/util') } catch (e) { e.code }",
    /^MODULE_NOT_FOUND$/,
  ],
  [
    "Node's internal modules by import",
    "await import('node:internal/url').catch((e) => e.code)",
    /^MODULE_NOT_FOUND$/,
  ],
  [
    "a library's module by a hostile name",
    "for (const n of ['package:lodash', '__proto__', 'constructor', 'toString', '../../x']) try { require(n) } catch (e) { console.log(e.code) } 'done'",
    /^done$/,
  ],
  [
    "a Function from a package",
    "require('lodash').template('<%= typeof caches + typeof host %>')()",
    /^undefinedundefined$/,
  ],
  [
    "a template that compiles code",
    "require('handlebars').compile('{{#with \"s\" as |string|}}{{string.constructor}}{{/with}}')({})",
    null,
  ],
  [
    "a key of the host by its fields",
    "const k = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']); JSON.stringify(k) + Object.keys(k).join()",
    null,
  ],
  [
    "a key that may not be exported",
    "const k = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']); await crypto.subtle.exportKey('raw', k).then(() => 'exported', (e) => e.name)",
    /^(InvalidAccessError|Error)$/,
  ],
  [
    "a message that asks the host for a file operation that is none",
    "try { fs.readFileSync({ toString: () => '__proto__' }) } catch (e) { e.code }",
    /^ERR_INVALID_ARG_TYPE$/,
  ],
  [
    "a text that was set aside for another call",
    "new TextDecoder().decode(new Uint8Array(5000)).length + ' ' + new TextDecoder().decode(new Uint8Array(2)).length",
    /^5000 2$/,
  ],
  [
    "a descriptor of the host",
    "for (let fd = 0; fd < 20; fd++) try { fs.readSync(fd, Buffer.alloc(9)); console.log('read', fd) } catch (e) { if (e.code !== 'EBADF') console.log(e.code) } 'none'",
    /^none$/,
  ],
  [
    "a file URL in an import",
    "await import('file:///etc/passwd').catch((e) => e.code)",
    /^MODULE_NOT_FOUND$/,
  ],
  [
    "zlib's dictionary of the program's choice",
    "try { require('zlib').inflateSync(require('zlib').deflateSync('x'), { dictionary: Buffer.alloc(1e6), maxOutputLength: 1e12 }).toString() } catch (e) { e.name }",
    /^(x|Error)$/,
  ],
  [
    "a Function from an iterator of headers",
    "new Headers({ a: 'b' }).entries().next.constructor('return typeof caches + typeof host')()",
    /^undefinedundefined$/,
  ],
  [
    "a Function from a compression stream",
    "new CompressionStream('gzip').writable.getWriter().write.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "a Function from a segment",
    "new Intl.Segmenter().segment('a').containing.constructor('return typeof caches')()",
    /^undefined$/,
  ],
  [
    "text that only looks like raw JSON",
    "JSON.stringify([Object.assign(Object.create(null), { rawJSON: '1],[2' })])",
    /^\[\{"rawJSON":"1\],\[2"\}\]$/,
  ],
  [
    "raw JSON that would break out of an argument",
    "['{\"a\":1}', '1,2', '1]', '\"a', ' 1'].map((t) => { try { return JSON.rawJSON(t) } catch (e) { return e.name } }).join()",
    /^(SyntaxError,){4}SyntaxError$/,
  ],
  [
    "an argument of a tool through raw JSON",
    "await t({ a: JSON.rawJSON('1e400') }).then(() => 'sent', (e) => e.name)",
    /^(sent|\w*Error)$/,
  ],
  [
    "an object of the platform as a clone",
    "[new Response(), new Headers(), new URL('http://a'), new AbortController().signal].map((o) => { try { structuredClone(o); return 'cloned' } catch (e) { return e.name } }).join()",
    /^(DataCloneError,?){4}$/,
  ],
  [
    "the process and the key store as a clone",
    "[process, crypto, globalThis].map((o) => { try { return Object.keys(structuredClone(o)).some((k) => /host|prelude|bridge/.test(k)) } catch (e) { return e.name } }).join()",
    /^((DataCloneError|TypeError|false),?){3}$/,
  ],
  [
    "a port that is handed over twice",
    "const { port1 } = new MessageChannel(); structuredClone(port1, { transfer: [port1] }); try { structuredClone(port1, { transfer: [port1] }) } catch (e) { e.name }",
    /^DataCloneError$/,
  ],
  [
    "a transfer by a method of the program's",
    "const [key] = Object.getOwnPropertySymbols(MessagePort.prototype).filter((s) => s.description === 'transfer'); const o = { [key]: () => globalThis }; structuredClone({ o }, { transfer: [o] }).o === globalThis && typeof host",
    /^undefined$/,
  ],
  [
    "a locale list without an end",
    "Intl.getCanonicalLocales({ length: 2 ** 53, 0: 'en' })",
    /^null$/,
  ],
  [
    "a locale of a megabyte",
    "try { new Intl.Locale('en-' + 'x'.repeat(1e6)) } catch (e) { e.name }",
    /^(RangeError|null)$/,
  ],
  [
    "options that return the host's own",
    "new Intl.NumberFormat('en', { get style() { return this.constructor.constructor('return typeof caches')() === 'undefined' ? 'percent' : 'currency' } }).format(1)",
    /^100%$/,
  ],
  [
    "the prelude through a replaced Object.prototype",
    "Object.defineProperty(Object.prototype, 'text', { set(v) { globalThis.seen = v } }); structuredClone({ a: 1 }); await fetch('https://a.example/').catch(() => {}); typeof seen",
    /^undefined$/,
  ],
  [
    "the prelude through a replaced RegExp",
    "const seen = []; RegExp.prototype.exec = function (t) { seen.push(t); return null }; new WritableStream().getWriter().releaseLock(); try { null.x } catch (e) { e.stack } seen.some((t) => /engine\\.js|host\\(/.test(t))",
    /^(false|null)$/,
  ],
  [
    "a bomb in a decompression stream",
    "const z = require('zlib').gzipSync(Buffer.alloc(4e6)); let n = 0; for (let i = 0; i < 40; i++) n += (await new Response(new Blob([z]).stream().pipeThrough(new DecompressionStream('gzip'))).bytes()).length; n",
    /^null$/,
  ],
];

test("there are at least thirty attempts through modules, none twice", () => {
  expect(new Set(attempts.map(([, code]) => code)).size).toBe(attempts.length);
  expect(attempts.length).toBeGreaterThanOrEqual(30);
});

test.each(attempts)("%s leads nowhere", async (_name, code, expected) => {
  await expectNowhere(code, expected);
});
