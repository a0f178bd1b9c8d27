/** Native work on a program's behalf is bounded, and charged by its size before it runs. */
import { expect, test } from "vitest";
import type { RunErrorKind } from "../../../consumer/sandbox/engine.ts";
import { run } from "../running.ts";

const names = Array.from({ length: 44_000 }, (_, index) => `_${index.toString(36)}`).join(",");

test("a program that declares 44,000 names is parsed, and its fuel ends it", async () => {
  const { error } = await run(`let ${names}; 1`, { limits: { fuel: 50_000_000 } });
  expect(error?.kind).toBe("fuel");
});

test("a module that declares 5,000 names costs what its length costs", async () => {
  const code =
    "const list = Array.from({ length: 5000 }, (_, i) => '_' + i.toString(36)).join(','); fs.writeFileSync('m.mjs', 'let ' + list + '; export const n = 1'); (await import('./m.mjs')).n";
  const { value, usage } = await run(code);
  expect(value).toBe("1");
  expect(usage.fuel).toBeGreaterThan(1_000_000);
});

const boundedPrograms: [name: string, code: string, expected: RegExp][] = [
  [
    "a text that is segmented",
    "[...new Intl.Segmenter().segment('a'.repeat(9000))].length",
    /^9000$/,
  ],
  [
    "a text that is too long to be segmented",
    "try { [...new Intl.Segmenter().segment('a'.repeat(300000))] } catch (e) { e.message }",
    /segment parts of it/,
  ],
  [
    "options of a formatter",
    "try { new Intl.NumberFormat('en', { x: 'y'.repeat(1e5) }) } catch (e) { e.message }",
    /too long/,
  ],
  [
    "digits of a number",
    "try { (10n ** 20000n).toLocaleString() } catch (e) { e.message }",
    /longer than/,
  ],
  ["NULs that are decoded", "new TextDecoder().decode(new Uint8Array(4e6)).length", /^4000000$/],
  [
    "a module that is too long",
    "fs.writeFileSync('m.js', 'a;'.repeat(1e6)); try { require('./m.js') } catch (e) { e.message }",
    /longer than/,
  ],
  [
    "memory of scrypt",
    "try { require('crypto').scryptSync('p', 's', 8, { N: 2 ** 20 }) } catch (e) { e.code }",
    /ERR_CRYPTO_INVALID_SCRYPT_PARAMS/,
  ],
  [
    "a derived key's length",
    "try { require('crypto').pbkdf2Sync('p', 's', 1, 1e9, 'sha1') } catch (e) { e.name }",
    /RangeError/,
  ],
  [
    "an RSA key of many bits",
    "await crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 16384, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['encrypt']).catch((e) => e.name)",
    /OperationError/,
  ],
  [
    "an RSA key with an odd exponent",
    "await crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 2048, publicExponent: new Uint8Array([255, 255, 255]), hash: 'SHA-256' }, true, ['encrypt']).catch((e) => e.name)",
    /OperationError/,
  ],
  [
    "what a bomb of compressed data holds",
    "const z = require('zlib'); let b = z.gzipSync(Buffer.alloc(30e6)); try { z.gunzipSync(z.gunzipSync(z.gzipSync(b))).length } catch (e) { e.message }",
    /^30000000$|larger than/,
  ],
];

test.each(boundedPrograms)("%s is bounded", async (_name, code, expected) => {
  const { value, error } = await run(code);
  expect(error).toBeNull();
  expect(value).toMatch(expected);
});

const endless: [name: string, code: string][] = [
  ["derived keys", "for (;;) require('crypto').pbkdf2Sync('p', 's', 1e6, 64, 'sha512')"],
  ["scrypt", "for (;;) require('crypto').scryptSync('p', 's', 8)"],
  [
    "RSA keys",
    "for (;;) await crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['encrypt', 'decrypt'])",
  ],
  [
    "derived bits",
    "const k = await crypto.subtle.importKey('raw', Buffer.from('p'), 'PBKDF2', false, ['deriveBits']); for (;;) await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 1e6 }, k, 512)",
  ],
  ["brotli", "const b = Buffer.alloc(1e6, 'abc'); for (;;) require('zlib').brotliCompressSync(b)"],
  ["gzip", "const b = Buffer.alloc(4e6, 'abc'); for (;;) require('zlib').gzipSync(b)"],
  [
    "decompression",
    "const z = require('zlib'), b = z.gzipSync(Buffer.alloc(2e6)); for (;;) z.gunzipSync(b)",
  ],
  [
    "sorting by the host",
    "const a = Array.from({ length: 1e4 }, (_, i) => 'n' + i); for (;;) a.toSorted(new Intl.Collator().compare)",
  ],
  ["segmenting", "for (;;) [...new Intl.Segmenter().segment('abc '.repeat(1e3))]"],
  ["domains", "for (;;) new URL('http://' + '中'.repeat(500) + '.example/')"],
  [
    "JSON that is wrong",
    "const t = '[' + '1,'.repeat(1e5); for (;;) try { JSON.parse(t) } catch {}",
  ],
  [
    "modules",
    "let i = 0; const t = 'exports.a=1;'.repeat(1e4); for (;;) { fs.writeFileSync('m.js', t); delete require('./m.js'); }",
  ],
  [
    "formatters",
    "for (let i = 1; ; i++) new Intl.NumberFormat('en', { minimumIntegerDigits: (i % 20) + 1, currency: 'EUR' }).format(i)",
  ],
  ["explanations", "for (;;) try { null.x } catch (e) {}"],
];

test.each(endless)("endless %s end as fuel", async (_name, code) => {
  const { error, usage } = await run(code, { limits: { fuel: 60_000_000, wallMs: 30_000 } });
  const kinds: RunErrorKind[] = ["fuel", "memory"];
  expect(error?.kind).toBeOneOf(kinds);
  expect(usage.fuel).toBeLessThanOrEqual(60_000_000);
});
