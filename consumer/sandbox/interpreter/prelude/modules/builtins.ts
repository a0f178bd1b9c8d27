import { op } from "../../protocol.ts";
import { ask } from "../bridge.ts";
import { nodeModule, provide } from "../library/realm.ts";
import { makeFs } from "../node/fs/index.ts";
import { os } from "../node/os.ts";
import { makeZlib } from "../node/zlib.ts";
import type { Builtins, Exports } from "./loader.ts";

interface Parts {
  console: object;
  crypto: object;
  timers: { timers: object; promises: object };
  process: object;
  performance: object;
}

function lazily<T>(make: () => T): () => T {
  let instance: T | undefined;
  return () => (instance ??= make());
}

/** Modules that are Node's own JavaScript, unchanged. */
const fromNode = [
  "assert",
  "assert/strict",
  "buffer",
  "diagnostics_channel",
  "events",
  "path",
  "path/posix",
  "path/win32",
  "punycode",
  "querystring",
  "readline",
  "readline/promises",
  "stream",
  "stream/consumers",
  "stream/promises",
  "stream/web",
  "string_decoder",
  "url",
  "util",
  "util/types",
];

/** The modules of Node that a program may import, each created at its first use. */
export function builtinModules({ console, crypto, timers, process, performance }: Parts): Builtins {
  const stream = (): typeof import("node:stream") => nodeModule("stream") as never;
  const { fs, promises } = makeFs(stream);
  const zlib = lazily(() => makeZlib(stream));
  provide("zlib", zlib);
  provide("fs", () => fs);
  const globals = globalThis as unknown as Exports;
  const makers: Record<string, () => object> = {
    fs: () => fs,
    "fs/promises": () => promises,
    crypto: () => crypto,
    console: () => console,
    process: () => process,
    timers: () => timers.timers,
    "timers/promises": () => timers.promises,
    os: () => os,
    zlib,
    perf_hooks: () => ({
      performance,
      PerformanceObserver: class PerformanceObserver {
        observe(): void {}
        disconnect(): void {}
      },
      monitorEventLoopDelay: () => ({ enable() {}, disable() {}, min: 0, max: 0, mean: 0 }),
    }),
    module: () => ({
      createRequire: () => globals.require,
      builtinModules: [...names],
      isBuiltin: (name: string) => names.has(String(name).replace(/^node:/, "")),
    }),
    tty: () => ({ isatty: () => false }),
    constants: () => ({ ...(os.constants.signals as object) }),
    worker_threads: () => ({
      isMainThread: true,
      parentPort: null,
      workerData: null,
      threadId: 0,
      MessageChannel: globals.MessageChannel,
    }),
    async_hooks: () => nodeModule("async_hooks"),
    sys: () => nodeModule("util"),
  };
  for (const name of fromNode) makers[name] = () => nodeModule(name);
  const names = new Set(Object.keys(makers));
  const modules = new Map<string, Exports>();
  return {
    names,
    get(name) {
      const cached = modules.get(name);
      const make = makers[name];
      if (cached !== undefined || make === undefined) return cached;
      const exports = make() as Exports;
      modules.set(name, exports);
      return exports;
    },
    packages: () => ask(op.library, ["packages"]) as string[],
    packageSource: (name) => ask(op.library, [`package:${name}`]) as string | null,
  };
}
