import { define } from "../bridge.ts";
import { formatLine } from "../console/format.ts";

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

/** A harmless `process`: no secrets, no arguments, output on the console, events as Node sends them. */
export function installProcess({ EventEmitter, stream, print }: Parts): {
  process: object;
  performance: object;
} {
  const clock = Date.now;
  let origin = 0;
  const now = (): number => {
    if (origin === 0) origin = clock() - 20;
    return clock() - origin;
  };
  const performance = {
    now,
    get timeOrigin() {
      now();
      return origin;
    },
    mark: () => {},
    measure: () => {},
    clearMarks: () => {},
    clearMeasures: () => {},
    getEntriesByName: () => [],
    getEntriesByType: () => [],
    toJSON: () => ({ timeOrigin: origin }),
  };
  const hrtime = Object.assign(
    (before?: [number, number]) => {
      const ms = now();
      const time: [number, number] = [Math.floor(ms / 1000), Math.round((ms % 1000) * 1_000_000)];
      if (before === undefined) return time;
      const nanoseconds = (time[0] - before[0]) * 1e9 + time[1] - before[1];
      return [Math.floor(nanoseconds / 1e9), nanoseconds % 1e9];
    },
    { bigint: () => BigInt(Math.round(now() * 1_000_000)) },
  );
  const memory = {
    rss: 50_000_000,
    heapTotal: 24_000_000,
    heapUsed: 8_000_000,
    external: 1_000_000,
    arrayBuffers: 10_000,
  };
  const fields = {
    version: "v24.21.0",
    versions: {
      node: "24.21.0",
      v8: "13.6.233.17-node.37",
      uv: "1.51.0",
      zlib: "1.3.1",
      openssl: "3.0.17",
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
  };
  process = Object.assign(Object.create(Object.create(EventEmitter.prototype)), fields);
  Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
  emitter = process as unknown as Emitter;
  defineStreams(process, stream, print);
  define(globalThis, {
    process,
    performance,
    navigator: {
      userAgent: "Node.js/24",
      hardwareConcurrency: 1,
      language: "en-US",
      languages: ["en-US"],
      platform: "linux",
    },
  });
  return { process, performance };
}

let unfinished = "";
let write: (line: string) => void = () => {};

function defineStreams(
  target: object,
  stream: Parts["stream"],
  print: (text: string) => void,
): void {
  write = print;
  const put = (text: unknown): void => {
    const given = ArrayBuffer.isView(text) ? Buffer.from(text as Uint8Array).toString() : text;
    if (typeof given !== "string") {
      const message = `The "chunk" argument must be of type string or an instance of Buffer, TypedArray, or DataView.`;
      throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
    }
    // Lines are what the console keeps: an unfinished one waits for its end.
    const lines = (unfinished + given).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) print(line);
  };
  const makers: Record<string, () => unknown> = {
    stdin: () => stream().Readable.from([]),
  };
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ] as const) {
    // A writable stream when something other than `write` is asked of it: the rest of Node's streams costs fuel.
    makers[name] = () => {
      let full: Record<PropertyKey, unknown> | undefined;
      const direct: Record<PropertyKey, unknown> = {
        fd,
        write(text: unknown, ...rest: unknown[]) {
          put(text);
          const done = rest.at(-1);
          if (typeof done === "function") queueMicrotask(() => (done as Listener)());
          return true;
        },
        isTTY: undefined,
        columns: undefined,
        getColorDepth: () => 1,
        hasColors: () => false,
      };
      const whole = (): Record<PropertyKey, unknown> => {
        full ??= new (stream().Writable)({
          decodeStrings: false,
          write(chunk: unknown, _encoding: unknown, done: () => void) {
            put(chunk);
            done();
          },
        }) as never;
        return full;
      };
      return new Proxy(direct, {
        get: (_target, key) => {
          if (key in direct) return direct[key];
          const value = whole()[key];
          return typeof value === "function" ? value.bind(whole()) : value;
        },
        has: (_target, key) => key in direct || key in whole(),
      });
    };
  }
  for (const [name, make] of Object.entries(makers)) {
    let made: unknown;
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: true,
      get: () => (made ??= make()),
    });
  }
}

const ticks: [Listener, unknown[]][] = [];

/** Before the promise jobs that are made after it, as nearly as jobs allow. */
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

/** Writes the line that process.stdout.write has left unfinished. */
export function flushOutput(): void {
  if (unfinished !== "") write(unfinished);
  unfinished = "";
}

/** What process.exit throws: the end of the program without an error. */
export class ExitRequest extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`process.exit(${code})`);
    this.code = code;
  }
}
