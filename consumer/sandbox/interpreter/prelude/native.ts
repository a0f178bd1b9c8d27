import { define } from "./bridge.ts";
import { installConsole } from "./console/console.ts";
import { installFetch } from "./web/fetch.ts";
import { makeFs } from "./node/fs.ts";
import { makeLoader } from "./node/modules.ts";
import { answered } from "./pending.ts";
import { sealCaches } from "./sealed.ts";
import { installShapes } from "./console/shapes.ts";
import { start } from "./start.ts";
import { defineTools } from "./tools.ts";

/** How the native Worker enters a program's world; `timers` counts those still to fire. */
export interface NativeDispatch {
  (what: "start" | "answer", text: string, value: unknown): void;
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
  installShapes();
  const console = installConsole(Date.now);
  installFetch();
  const { fs, promises } = makeFs();
  const builtins = new Map<string, Record<string, unknown>>([
    ["fs", fs],
    ["fs/promises", promises],
    ["console", console as Record<string, unknown>],
  ]);
  for (const name of nodeModules) {
    builtins.set(name, native(`node:${name}`) as Record<string, unknown>);
  }
  const active = trackTimers();
  define(globalThis, { global: globalThis, fs });
  Reflect.set(globalThis, "process", {
    ...(native("node:process") as object),
    env: {},
    argv: ["node", "/program.js"],
  });
  const { load } = makeLoader(builtins);
  const dispatch = (what: "start" | "answer", text: string, value: unknown): void => {
    if (what === "start") start(value as never, text, load, defineTools);
    else answered(text, value as ArrayBuffer | undefined);
  };
  return Object.assign(dispatch, { timers: () => active.size });
}

/** Counts timers, so that a run ends only when those that it started have fired. */
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
