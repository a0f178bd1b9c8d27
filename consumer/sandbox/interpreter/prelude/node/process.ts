import { define } from "../bridge.ts";
import { formatLine } from "../console/format.ts";
import { hrtime, now, performance } from "./clock.ts";
import { defineStreams } from "./process_streams.ts";

type Listener = (...values: unknown[]) => void;
interface Emitter {
  emit(name: string, ...values: unknown[]): boolean;
  listenerCount(name: string): number;
}

interface Parts {
  EventEmitter: { prototype: object };
  stream: () => typeof import("node:stream");
  print: (text: string) => void;
}

let emitter: Emitter | null = null;
let process: Record<string, unknown> = {};

const memory = {
  rss: 50_000_000,
  heapTotal: 24_000_000,
  heapUsed: 8_000_000,
  external: 1_000_000,
  arrayBuffers: 10_000,
};
const facts = {
  version: "v26.10.0",
  versions: {
    node: "26.10.0",
    v8: "14.6.202.34-node.34",
    uv: "1.52.1",
    zlib: "1.3.1",
    openssl: "3.5.8",
    modules: "137",
  },
  arch: "x64",
  platform: "linux",
  release: { name: "node", lts: "Krypton" },
  argv: ["/usr/local/bin/node", "/program.js"],
  execArgv: [],
  execPath: "/usr/local/bin/node",
  env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/", LANG: "C.UTF-8", TZ: "UTC" },
  pid: 1,
  ppid: 0,
  title: "node",
  exitCode: undefined,
  features: {},
  config: {},
};

/** The functions of `process`; `print` writes one line to the console. */
const makeMethods = (print: Parts["print"]): object => ({
  cwd: () => "/",
  chdir: () => {},
  umask: () => 18,
  uptime: () => now() / 1000,
  hrtime,
  getuid: () => 0,
  geteuid: () => 0,
  getgid: () => 0,
  memoryUsage: Object.assign(() => ({ ...memory }), { rss: () => memory.rss }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  resourceUsage: () => ({}),
  nextTick: (callback: Listener, ...values: unknown[]) => {
    if (typeof callback === "function") return void nextTick(callback, values);
    throw Object.assign(new TypeError('The "callback" argument must be of type function.'), {
      code: "ERR_INVALID_ARG_TYPE",
    });
  },
  emitWarning: (text: unknown) => print(formatLine("Warning:", text)),
  exit: (code: unknown = process.exitCode ?? 0): never => {
    throw new ExitRequest(Number(code));
  },
  abort: (): never => {
    throw new ExitRequest(134);
  },
  kill: (): never => {
    throw new ExitRequest(143);
  },
});

/** A harmless `process`: it has no secrets and no arguments, prints to the console, and emits events as Node does. */
export function installProcess({ EventEmitter, stream, print }: Parts): {
  process: object;
  performance: object;
} {
  process = Object.assign(
    Object.create(Object.create(EventEmitter.prototype)),
    facts,
    makeMethods(print),
  );
  Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
  emitter = process as unknown as Emitter;
  defineStreams(process, stream, print);
  define(globalThis, {
    process,
    performance,
    navigator: {
      userAgent: "Node.js/26",
      hardwareConcurrency: 1,
      language: "en-US",
      languages: ["en-US"],
      platform: "linux",
    },
  });
  return { process, performance };
}

const ticks: [Listener, unknown[]][] = [];

/** Runs before the promise jobs that are queued after it, as far as jobs allow. */
function nextTick(callback: Listener, values: unknown[]): void {
  ticks.push([callback, values]);
  if (ticks.length > 1) return;
  queueMicrotask(() => {
    for (let tick = ticks.shift(); tick !== undefined; tick = ticks.shift()) tick[0](...tick[1]);
  });
}

/** Sends an event of the process; true where something listens. */
export function emitProcess(name: string, ...values: unknown[]): boolean {
  if (emitter === null || emitter.listenerCount(name) === 0) return false;
  return emitter.emit(name, ...values);
}

export function exitCode(): number {
  return Number(process.exitCode ?? 0);
}

/** What process.exit throws: the end of the program without an error. */
export class ExitRequest extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`process.exit(${code})`);
    this.code = code;
  }
}
