import { define } from "./bridge.ts";
import { installConsole } from "./console/console.ts";
import { useFormatter } from "./console/format.ts";
import { stackOf } from "./errors.ts";
import { type Exports, Loader } from "./modules/loader.ts";
import { makeFs } from "./node/fs/index.ts";
import { deliverAnswer } from "./pending.ts";
import { sealCaches } from "./sealed.ts";
import { end, start } from "./start.ts";
import { defineTools } from "./tools.ts";
import { installFetch } from "./web/fetch.ts";

/** How the native Worker enters a program's world; `timers` counts those still to fire. */
export interface NativeDispatch {
  (event: "start" | "answer" | "end", text: string, value: unknown): void;
  timers(): number;
}

const nodeModules = [
  "assert",
  "assert/strict",
  "buffer",
  "crypto",
  "events",
  "os",
  "path",
  "path/posix",
  "perf_hooks",
  "process",
  "querystring",
  "stream",
  "stream/promises",
  "string_decoder",
  "timers",
  "timers/promises",
  "url",
  "util",
  "zlib",
];

/**
 * The same surface on a native isolate: files, console, fetch, tools and imports are the
 * prelude's; the rest is the platform's own.
 */
export function bootNative(native: (name: string) => unknown): NativeDispatch {
  sealCaches();
  const { inspect, format } = native("node:util") as typeof import("node:util");
  useFormatter({ inspect, format, width: (text) => text.length });
  formatStacks();
  const console = installConsole(Date.now);
  installFetch();
  const { fs, promises } = makeFs(() => native("node:stream") as typeof import("node:stream"));
  const builtins = new Map<string, Exports>([
    ["fs", fs],
    ["fs/promises", promises],
    ["console", console as Exports],
  ]);
  for (const name of nodeModules) builtins.set(name, native(`node:${name}`) as Exports);
  const active = trackTimers();
  define(globalThis, { global: globalThis, fs });
  Reflect.set(globalThis, "process", {
    ...(native("node:process") as object),
    env: {},
    argv: ["node", "/program.js"],
  });
  const loader = new Loader({
    names: new Set(builtins.keys()),
    get: (name) => builtins.get(name),
    packages: () => [],
    packageSource: () => null,
  });
  loader.install();
  const dispatch = (event: "start" | "answer" | "end", text: string, value: unknown): void => {
    if (event === "start") start(value as never, text, loader, defineTools);
    else if (event === "answer") deliverAnswer(text, value as ArrayBuffer | undefined);
    else end();
  };
  return Object.assign(dispatch, { timers: () => active.size });
}

/** Stacks show the agent's own frames, at the agent's own columns. */
function formatStacks(): void {
  Reflect.set(Error, "prepareStackTrace", (error: Error, sites: unknown[]) => {
    const frames = sites.map((site) => `    at ${String(site)}`).join("\n");
    const copy = Object.create(Error.prototype, {
      stack: { value: frames },
      name: { value: error.name },
      message: { value: error.message },
    }) as Error;
    return stackOf(copy);
  });
}

/** Counts timers, so that a run ends only when all its timers have fired. */
function trackTimers(): Set<unknown> {
  const active = new Set<unknown>();
  const native = {
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    clearTimeout: globalThis.clearTimeout,
    clearInterval: globalThis.clearInterval,
  };
  const clear = (id: unknown): void => {
    active.delete(id);
    native.clearTimeout(id as number);
  };
  define(globalThis, {
    setTimeout: (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
      const id: unknown = native.setTimeout(() => {
        active.delete(id);
        callback(...values);
      }, ms);
      active.add(id);
      return id;
    },
    setInterval: (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
      const id: unknown = native.setInterval(() => callback(...values), ms);
      active.add(id);
      return id;
    },
    clearTimeout: clear,
    clearInterval: clear,
  });
  return active;
}
