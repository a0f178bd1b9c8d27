import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { SealedLoader } from "../../../consumer/sandbox/dynamic_worker.ts";
import { isolateV8Engine } from "../../../consumer/sandbox/isolate_v8.ts";
import { sandboxLimits } from "../../../shared/limits.ts";
import { openLoader, sealedLoader } from "../loader.ts";
import { type RunOptions, run } from "../running.ts";

const native = (code: string, options: RunOptions = {}) =>
  run(code, { engine: isolateV8Engine(env.LOADER), ...options });

const equalPrograms: [name: string, code: string, value: string][] = [
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

test.each(equalPrograms)(
  "the native engine does %s as the interpreter does",
  async (_name, code, value) => {
    const options: RunOptions = {
      files: { "in.txt": "hello" },
      tools: ["t"],
      capabilities: { call: async (_tool, json) => ({ ok: true, json }) },
    };
    const outcome = await native(code, options);
    expect(outcome.error).toBeNull();
    expect(outcome.value).toBe(value);
    expect((await run(code, options)).value).toBe(value);
  },
);

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

const nothingToSteal: [code: string, value: string][] = [
  ["Object.keys(process.env).length", "0"],
  [
    "try { await import('cloudflare:workers') } catch (e) { e.message.slice(0, 18) }",
    "Cannot find module",
  ],
  [
    "typeof globalThis.env + typeof globalThis.LOADER + typeof globalThis.DB",
    "undefinedundefinedundefined",
  ],
  ["try { eval('1') } catch (e) { e.name }", "EvalError"],
  ["try { new Function('return 1')() } catch (e) { e.name }", "EvalError"],
  ["try { require('fs').readFileSync('/etc/passwd') } catch (e) { e.code }", "ENOENT"],
  ["try { require('fs').readFileSync('../../proc/self/environ') } catch (e) { e.code }", "ENOENT"],
  ["(await fetch('https://x.example/', { headers: { upgrade: 'websocket' } })).status", "403"],
];

test.each(nothingToSteal)(
  "a native program finds nothing of the fleet: %s",
  async (code, value) => {
    const outcome = await native(code, { limits: { wallMs: 5_000 } });
    expect(outcome.error?.message ?? outcome.value).toBe(value);
  },
);

test("node:http of the native engine goes through the gateway", async () => {
  const requestedUrls: string[] = [];
  const outcome = await native(
    "const get = process.getBuiltinModule('node:http').get; const r = await new Promise((ok, no) => get('http://x.example/a', ok).on('error', no)); r.statusCode",
    {
      capabilities: {
        fetch: async ({ url }) => {
          requestedUrls.push(url);
          return { url, status: 451, statusText: "", headers: [], body: new Uint8Array() };
        },
      },
    },
  );
  expect(requestedUrls).toEqual(["http://x.example/a"]);
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

test("a native run sees no change that an earlier run made", async () => {
  await native("globalThis.leak = 1");
  expect((await native("typeof leak")).value).toBe("undefined");
});

/** The Loader, which counts the distinct Workers that are not released yet. */
function countingLoader(): { loader: SealedLoader; most: () => number; held: () => number } {
  const openStubs = new Map<string, number>();
  let most = 0;
  let loads = 0;
  const countStub = (id: string, stub: WorkerStub): WorkerStub => {
    const addStub = (): void => {
      openStubs.set(id, (openStubs.get(id) ?? 0) + 1);
      most = Math.max(most, openStubs.size);
    };
    const release = (): void => {
      const remaining = (openStubs.get(id) ?? 0) - 1;
      if (remaining > 0) openStubs.set(id, remaining);
      else openStubs.delete(id);
    };
    const counting = {
      getEntrypoint() {
        const entrypoint = stub.getEntrypoint() as unknown as Disposable & Record<string, unknown>;
        addStub();
        return new Proxy(entrypoint, {
          get(target, key) {
            if (key !== Symbol.dispose) return Reflect.get(target, key);
            return () => {
              release();
              target[Symbol.dispose]?.();
            };
          },
        });
      },
    };
    return counting as unknown as WorkerStub;
  };
  const loader = {
    get: (id: string, code: Parameters<WorkerLoader["get"]>[1]) =>
      countStub(id, openLoader.get(id, code)),
    load: (code: WorkerLoaderWorkerCode) => countStub(`load ${++loads}`, openLoader.load(code)),
  };
  return {
    loader: sealedLoader(loader),
    most: () => most,
    held: () => openStubs.size,
  };
}

test("at most four Dynamic Workers are held at once, the interpreter's included, and none afterwards", async () => {
  const { loader, most, held } = countingLoader();
  const engine = isolateV8Engine(loader);
  const codes = ["1", "throw new Error('x')", "await new Promise((r) => setTimeout(r, 30)); 3"];
  await Promise.all(
    Array.from({ length: 12 }, (_, n) => run(codes[n % codes.length] ?? "", { engine })),
  );
  expect(most()).toBeGreaterThan(1);
  expect(most()).toBeLessThanOrEqual(4);
  expect(held()).toBe(0);
}, 20_000);

test("a program of the native engine is given its limits and no network", async () => {
  const loadedCode: WorkerLoaderWorkerCode[] = [];
  const loader = {
    get: openLoader.get.bind(openLoader),
    load: (code: WorkerLoaderWorkerCode) => {
      loadedCode.push(code);
      return openLoader.load(code);
    },
  } as unknown as WorkerLoader;
  await run("1", { engine: isolateV8Engine(sealedLoader(loader)) });
  expect(loadedCode).toMatchObject([
    {
      globalOutbound: null,
      limits: {
        cpuMs: sandboxLimits.nativeCpuMsMax,
        subRequests: sandboxLimits.nativeSubRequestsMax,
      },
    },
  ]);
});
