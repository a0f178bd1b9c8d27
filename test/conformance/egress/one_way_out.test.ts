import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { isolateV8Engine } from "../../../consumer/sandbox/isolate_v8.ts";
import { recordGateway, threeHosts } from "../../egress/recorded_gateway.ts";
import { run } from "../../sandbox/running.ts";

const engines = {
  isolate: isolateEngine(env.LOADER),
  "isolate-v8": isolateV8Engine(env.LOADER),
};
type EngineName = keyof typeof engines;

/** Runs a program; the outcome is its value or the message of its error. */
async function runAttempt(name: EngineName, code: string) {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response("arrived"));
  const outcome = await run(code, {
    engine: engines[name],
    limits: { wallMs: 1_500 },
    capabilities: { fetch: (request) => gateway.fetch(request) },
  });
  const result = outcome.error === null ? `value ${outcome.value}` : outcome.error.message;
  return { result, sent, rows: gateway.drain() };
}

const node = (name: string) => `process.getBuiltinModule("node:${name}")`;
/** Waits until an emitter has connected, or throws its error. */
const waitFor = (event: string) =>
  `await new Promise((ok, no) => { it.on("${event}", () => ok()); it.on("error", no) }); "opened"`;

const absent = /not defined|not a function|Cannot find module|could not load module/;
const noOutbound = /^This worker is not permitted to access the internet/;

/** Attempts, and the error in isolate-v8: missing, or blocked by the platform. */
const attempts: readonly (readonly [name: string, code: string, native: RegExp])[] = [
  ["raw TCP", 'require("cloudflare:sockets").connect("127.0.0.1:80")', absent],
  ["raw TCP by import", '(await import("cloudflare:sockets")).connect("127.0.0.1:80")', absent],
  [
    "raw TCP by the platform's list of modules",
    'await process.getBuiltinModule("cloudflare:sockets").connect("127.0.0.1:80").opened; "opened"',
    noOutbound,
  ],
  [
    "node:net",
    `const it = ${node("net")}.connect(80, "127.0.0.1"); ${waitFor("connect")}`,
    noOutbound,
  ],
  [
    "node:tls",
    `const it = ${node("tls")}.connect(443, "127.0.0.1"); ${waitFor("secureConnect")}`,
    noOutbound,
  ],
  ["node:http2", `${node("http2")}.connect("https://open.example.com")`, /not implemented/],
  [
    "node:dgram",
    `const it = ${node("dgram")}.createSocket("udp4"); await new Promise((ok, no) => { it.send("x", 53, "127.0.0.1", (e) => e ? no(e) : ok()); setTimeout(() => no(new Error("never sent")), 100) }); "sent"`,
    /never sent|not implemented/,
  ],
  ["node:child_process", `${node("child_process")}.execSync("id")`, /not implemented/],
  ["node:worker_threads", `new (${node("worker_threads")}.Worker)("x")`, /not implemented/],
  ["node:cluster", `${node("cluster")}.fork()`, /not implemented/],
  ["node:net by require", 'require("net").connect(80, "127.0.0.1")', absent],
  ["node:http by import", '(await import("node:http")).get("http://127.0.0.1/")', absent],
  ["WebSocket", 'new WebSocket("wss://open.example.com/")', noOutbound],
  [
    "EventSource",
    'const it = new EventSource("https://open.example.com/"); await new Promise((ok, no) => { it.onopen = ok; it.onerror = () => no(new Error("closed")) }); "opened"',
    /^closed$/,
  ],
  [
    "the platform's own fetch under the sandbox's",
    'delete globalThis.fetch; await globalThis.fetch("https://open.example.com/"); "answered"',
    noOutbound,
  ],
  [
    "the fetch of the global scope's class",
    'await ServiceWorkerGlobalScope.prototype.fetch.call(globalThis, "https://open.example.com/"); "answered"',
    noOutbound,
  ],
  ["a beacon", 'navigator.sendBeacon("https://open.example.com/", "x")', /not available/],
  ["reading a cache", 'await caches.default.match("https://open.example.com/")', /not available/],
  ["opening a cache", 'await caches.open("shared")', /not available/],
  [
    "a cache by its prototype",
    'await Cache.prototype.match.call(caches.default, "https://open.example.com/")',
    /not available/,
  ],
  ["a service binding", 'await (await import("cloudflare:workers")).env.DB.prepare("x")', absent],
  [
    "the bindings by the platform's list of modules",
    'Object.keys(process.getBuiltinModule("cloudflare:workers").env).join() || "none"',
    /^value none$/,
  ],
  [
    "the Worker's own entrypoints",
    'await process.getBuiltinModule("cloudflare:workers").exports.default.fetch("https://open.example.com/")',
    /does not export a fetch/,
  ],
  ["import of a URL", 'await import("https://open.example.com/a.js")', absent],
  ["import of data", 'await import("data:text/javascript,export default 1")', absent],
  [
    "import from evaluated text",
    "await new Function('return import(\"cloudflare:sockets\")')()",
    /Code generation from strings disallowed/,
  ],
  [
    "streaming WebAssembly",
    'await WebAssembly.instantiateStreaming(fetch("https://open.example.com/a.wasm"))',
    absent,
  ],
  ["a Worker", 'new Worker("https://open.example.com/a.js")', absent],
  ["XMLHttpRequest", "new XMLHttpRequest()", absent],
  ["RTCPeerConnection", "new RTCPeerConnection()", absent],
  ["files of the machine", `${node("fs")}.readFileSync("/etc/passwd", "utf8")`, /no such file/],
  ["the process's environment", "JSON.stringify(process.env)", /^value \{\}$/],
];

/** The interpreter has none of the platform's modules. */
const interpreterError = (name: string): RegExp =>
  name === "the process's environment"
    ? // These values are the same in each run.
      /^value \{"PATH":"\/usr\/local\/bin:\/usr\/bin:\/bin","HOME":"\/","LANG":"C\.UTF-8","TZ":"UTC"\}$/
    : new RegExp(`${absent.source}|no function filename`);

describe("a sandbox has no network access other than fetch", () => {
  test.each(attempts)("isolate: %s", async (name, code) => {
    const { result, sent, rows } = await runAttempt("isolate", code);
    expect(result).toMatch(interpreterError(name));
    expect(sent).toEqual([]);
    expect(rows.filter(({ action }) => action !== "deny")).toEqual([]);
  });

  test.each(attempts)("isolate-v8: %s", async (_, code, native) => {
    const { result, sent } = await runAttempt("isolate-v8", code);
    expect(result).toMatch(native);
    // The fetch of a module that is not compiled is decided like any other.
    expect(sent.map(({ url }) => url).filter((url) => !url.endsWith(".wasm"))).toEqual([]);
  });
});

/** Requests that reach the gateway: decided and logged, and denied when no rule allows them. */
const throughGateway: readonly (readonly [
  name: string,
  engines: readonly EngineName[],
  code: string,
])[] = [
  [
    "DNS over HTTPS",
    ["isolate", "isolate-v8"],
    'await (await fetch("https://cloudflare-dns.com/dns-query?name=a.example", { headers: { accept: "application/dns-json" } })).text()',
  ],
  [
    "DNS over HTTPS by address",
    ["isolate", "isolate-v8"],
    'await (await fetch("https://1.1.1.1/dns-query?name=a.example")).text()',
  ],
  [
    "node:dns",
    ["isolate-v8"],
    `await ${node("dns")}.promises.resolve4("a.example").catch(() => "failed")`,
  ],
  [
    "node:https",
    ["isolate-v8"],
    `await new Promise((ok, no) => ${node("https")}.get("https://evil.example/", (r) => { let t = ""; r.on("data", (c) => { t += c }); r.on("end", () => ok(t)) }).on("error", no))`,
  ],
  [
    "a WebSocket's handshake",
    ["isolate", "isolate-v8"],
    'await (await fetch("https://open.example.com/", { headers: { Upgrade: "websocket", Connection: "Upgrade" } })).text()',
  ],
  ["data:", ["isolate", "isolate-v8"], 'await (await fetch("data:text/plain,x")).text()'],
  [
    "blob:",
    ["isolate", "isolate-v8"],
    'await (await fetch("blob:https://open.example.com/1")).text()',
  ],
  ["file:", ["isolate", "isolate-v8"], 'await (await fetch("file:///etc/passwd")).text()'],
];

describe("a request that reaches the gateway", () => {
  const each = throughGateway.flatMap(([name, names, code]) =>
    names.map((engine) => [engine, name, code] as const),
  );
  test.each(each)("%s: %s is decided and denied", async (engine, name, code) => {
    const { result, sent, rows } = await runAttempt(engine, code);
    if (name !== "node:dns") expect(result).toContain('"code":"egress_denied"');
    expect(sent).toEqual([]);
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map(({ action }) => action))).toEqual(new Set(["deny"]));
  });

  test.each(["isolate", "isolate-v8"] as const)(
    "%s: an allowed request arrives",
    async (engine) => {
      const { result, sent } = await runAttempt(
        engine,
        'await (await fetch("https://open.example.com/")).text()',
      );
      expect(result).toBe("value arrived");
      expect(sent).toHaveLength(1);
    },
  );
});

test.each(["isolate", "isolate-v8"] as const)(
  "%s: a denied request is a 403 with code, host and reason",
  async (engine) => {
    const code = `const response = await fetch("https://evil.example/x");
      const { error } = await response.json();
      [response.status, response.headers.get("content-type"), error.code, error.host, error.reason].join(" ")`;
    const { result } = await runAttempt(engine, code);
    expect(result).toBe("value 403 application/json egress_denied evil.example no_rule");
  },
);
