import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { isolateV8Engine } from "../../consumer/sandbox/isolate_v8.ts";
import { type Given, run } from "./running.ts";

const native = (code: string, given: Given = {}) =>
  run(code, { engine: isolateV8Engine(env.LOADER), ...given });

const same: [name: string, code: string, value: string][] = [
  ["the last expression", "const a = 2;\na * 21", "42"],
  ["an undeclared name", "total = 5; total", "5"],
  ["a default export", "export default async () => 3", "3"],
  ["files by import", "import fs from 'node:fs'; fs.readFileSync('in.txt', 'utf8')", "hello"],
  ["files by require", "require('fs').readdirSync('.')", "[ 'in.txt' ]"],
  ["a tool", "(await t({ a: 1 })).a", "1"],
  ["a refusal of the gateway", "(await fetch('https://x.example/')).status", "403"],
  [
    "the platform's own digest",
    "require('crypto').createHash('sha256').update('x').digest('hex').slice(0, 8)",
    "2d711642",
  ],
];

test.each(same)("the native engine does %s as the interpreter does", async (_name, code, value) => {
  const given: Given = {
    files: { "in.txt": "hello" },
    tools: ["t"],
    capabilities: { call: async (_tool, json) => ({ ok: true, json }) },
  };
  const outcome = await native(code, given);
  expect(outcome.error).toBeNull();
  expect(outcome.value).toBe(value);
  expect((await run(code, given)).value).toBe(value);
});

test("logs, changes and errors come back from the native engine", async () => {
  const outcome = await native(
    "console.log({ a: [1] });\nrequire('fs').writeFileSync('o', 'x');\nthrow new TypeError('bad')",
  );
  expect(outcome.logs).toBe("{ a: [ 1 ] }");
  expect([...outcome.changes.keys()]).toEqual(["o"]);
  expect(outcome.error).toMatchObject({ kind: "thrown", name: "TypeError", message: "bad" });
  expect(outcome.error?.stack).toContain("program.js:3:");
});

const network = [
  "new WebSocket('wss://x.example')",
  "const s = require('net'); s.connect(80, '127.0.0.1')",
  "const { connect } = await import('cloudflare:sockets'); connect('127.0.0.1:80')",
  "const s = process.getBuiltinModule('node:net').connect(80, '127.0.0.1'); await new Promise((ok, no) => { s.on('connect', ok); s.on('error', no) })",
  "await process.getBuiltinModule('node:dns').promises.lookup('example.com')",
];

test.each(network)("the native engine has no way to the network: %s", async (code) => {
  const outcome = await native(code, { limits: { wallMs: 2_000 } });
  expect(outcome.error?.kind).toBeOneOf(["thrown", "deadline"]);
});

test("node:http of the native engine goes through the gateway", async () => {
  const asked: string[] = [];
  const outcome = await native(
    "const get = process.getBuiltinModule('node:http').get; const r = await new Promise((ok, no) => get('http://x.example/a', ok).on('error', no)); r.statusCode",
    {
      capabilities: {
        fetch: async ({ url }) => {
          asked.push(url);
          return { url, status: 451, statusText: "", headers: [], body: new Uint8Array() };
        },
      },
    },
  );
  expect(asked).toEqual(["http://x.example/a"]);
  expect(outcome.value).toBe("451");
});

test("a native program that waits for ever ends at its deadline", async () => {
  const outcome = await native("await new Promise(() => {})", { limits: { wallMs: 100 } });
  expect(outcome.error?.kind).toBe("deadline");
});

test("a native program cannot change more than a workspace holds", async () => {
  const outcome = await native(
    "for (let i = 0; i < 5000; i++) require('fs').writeFileSync('f' + i, 'x')",
  );
  expect(outcome.error?.message).toContain("ENOSPC");
});

test("nothing of one native run is seen by the next", async () => {
  await native("globalThis.leak = 1");
  expect((await native("typeof leak")).value).toBe("undefined");
});
