import { op } from "../../protocol.ts";
import { AbortController, AbortSignal, EventTarget } from "../web/abort.ts";
import { makeAssert } from "./assert.ts";
import { Blob, File } from "../web/blob.ts";
import { ask, define } from "../bridge.ts";
import { Buffer } from "./buffer.ts";
import { formatLine } from "../console/console.ts";
import { isDeepStrictEqual } from "./equality.ts";
import { EventEmitter } from "./events.ts";
import { makeFs } from "./fs.ts";
import { inspect, stackOf } from "../console/inspect.ts";
import { path } from "./path.ts";
import { fail } from "../start.ts";
import { decodeText, TextDecoder, TextEncoder } from "../web/text.ts";
import { URL, URLSearchParams } from "../web/url.ts";

type Exports = Record<string, unknown>;

const escapeMark = String.fromCharCode(27);

/** Modules of Node that a program may import, by name without "node:". */
export function builtinModules(given: {
  console: object;
  crypto: object;
  timers: { timers: object; promises: object };
  process: object;
  performance: object;
}): Map<string, Exports> {
  const { fs, promises } = makeFs();
  const assert = makeAssert() as Exports;
  const modules: Record<string, object> = {
    fs,
    "fs/promises": promises,
    path,
    "path/posix": path,
    util: makeUtil(),
    crypto: given.crypto,
    console: given.console,
    process: given.process,
    timers: given.timers.timers,
    "timers/promises": given.timers.promises,
    buffer: {
      Buffer,
      Blob,
      File,
      atob: Reflect.get(globalThis, "atob"),
      btoa: Reflect.get(globalThis, "btoa"),
    },
    events: Object.assign(EventEmitter, { EventEmitter, once }),
    assert,
    "assert/strict": assert.strict as object,
    url: {
      URL,
      URLSearchParams,
      fileURLToPath: (url: unknown) => decodeURIComponent(new URL(String(url)).part("pathname")),
      pathToFileURL: (file: string) => new URL(`file://${path.resolve(file)}`),
      parse: (href: string) => new URL(href),
    },
    querystring: {
      parse: (text: string) => Object.fromEntries(new URLSearchParams(text)),
      stringify: (values: object) => String(new URLSearchParams(values)),
    },
    os: {
      EOL: "\n",
      platform: () => "linux",
      type: () => "Linux",
      arch: () => "x64",
      tmpdir: () => "/tmp",
      homedir: () => "/",
      hostname: () => "sandbox",
      cpus: () => [],
      totalmem: () => 0,
      freemem: () => 0,
    },
    perf_hooks: { performance: given.performance },
    module: { createRequire: () => Reflect.get(globalThis, "require") },
  };
  return new Map(Object.entries(modules) as [string, Exports][]);
}

function once(emitter: EventEmitter, name: PropertyKey): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    emitter.once(name, (...values) => resolve(values));
    if (name !== "error") emitter.once("error", reject);
  });
}

type Callback = (error: unknown, value?: unknown) => void;

function makeUtil(): object {
  return {
    inspect,
    format: formatLine,
    isDeepStrictEqual,
    TextEncoder,
    TextDecoder,
    AbortController,
    AbortSignal,
    EventTarget,
    inherits: (child: { prototype: object }, parent: { prototype: object }) =>
      Object.setPrototypeOf(child.prototype, parent.prototype),
    deprecate: (work: unknown) => work,
    stripVTControlCharacters: (text: string) =>
      text.replace(new RegExp(`${escapeMark}\\[[0-9;]*m`, "g"), ""),
    promisify:
      (work: (...values: unknown[]) => void) =>
      (...values: unknown[]) =>
        new Promise((resolve, reject) => {
          work(...values, ((error, value) => (error ? reject(error) : resolve(value))) as Callback);
        }),
    callbackify:
      (work: (...values: unknown[]) => Promise<unknown>) =>
      (...values: unknown[]) => {
        const callback = values.pop() as Callback;
        void work(...values).then((value) => callback(null, value), callback);
      },
    types: {
      isDate: (value: unknown) => value instanceof Date,
      isRegExp: (value: unknown) => value instanceof RegExp,
      isMap: (value: unknown) => value instanceof Map,
      isSet: (value: unknown) => value instanceof Set,
      isPromise: (value: unknown) => value instanceof Promise,
      isTypedArray: (value: unknown) => ArrayBuffer.isView(value) && !(value instanceof DataView),
      isNativeError: (value: unknown) => value instanceof Error,
    },
  };
}

/** Evaluates in the program's own global scope: nothing of this file is within its reach. */
const evaluate = Reflect.get(globalThis, "eval") as (source: string) => unknown;

/** `require` and the loader behind `import`: modules of Node, then files of the workspace. */
export function makeLoader(builtins: Map<string, Exports>): {
  require: (name: string) => unknown;
  load: (name: string, wanted?: string[]) => Promise<unknown>;
} {
  const loaded = new Map<string, { exports: unknown }>();

  const builtin = (name: string): Exports | undefined =>
    builtins.get(String(name).replace(/^node:/, ""));

  const missing = (name: string): Error => {
    const isFile = /^[./]/.test(name);
    const hint = isFile
      ? "The workspace has no such file."
      : `Available: ${[...builtins.keys()].join(", ")}, and files of the workspace. Packages cannot be installed; for HTTP use fetch().`;
    return Object.assign(new Error(`Cannot find module '${name}'. ${hint}`), {
      code: "MODULE_NOT_FOUND",
    });
  };

  const find = (name: string, from: string): string => {
    const base = path.resolve("/", from, name);
    for (const tail of ["", ".js", ".mjs", ".cjs", ".json", "/index.js"]) {
      const entry = ask(op.files, ["entry", base + tail]) as { kind: string } | null;
      if (entry?.kind === "file") return base + tail;
    }
    throw missing(name);
  };

  const source = (file: string): string => {
    const answer = ask(op.files, ["read", file]);
    return decodeText(new Uint8Array(answer instanceof ArrayBuffer ? answer : new ArrayBuffer(0)));
  };

  const requireFrom = (from: string) => {
    const require = (name: string): unknown => {
      const found = builtin(name);
      if (found) return found;
      if (!/^[./]/.test(name)) throw missing(name);
      const file = find(name, from);
      const known = loaded.get(file);
      if (known) return known.exports;
      const module = { exports: {} as unknown };
      loaded.set(file, module);
      if (file.endsWith(".json")) module.exports = JSON.parse(source(file));
      else {
        const wrapped = `(function(exports,require,module,__filename,__dirname){${source(file)}\n})`;
        const folder = path.dirname(file);
        const run = evaluate(wrapped) as (...values: unknown[]) => void;
        run(module.exports, requireFrom(folder), module, file, folder);
      }
      return module.exports;
    };
    return Object.assign(require, {
      resolve: (name: string) => (builtin(name) ? name : find(name, from)),
      cache: {},
    });
  };

  const load = async (name: string, from: string): Promise<Exports> => {
    const found = builtin(name);
    if (found) return namespace(found);
    if (!/^[./]/.test(name)) throw missing(name);
    const file = find(name.replace(/^file:\/\//, ""), from);
    if (file.endsWith(".json") || file.endsWith(".cjs"))
      return namespace(requireFrom("/")(file) as Exports);
    const known = loaded.get(`import:${file}`);
    if (known) return known.exports as Exports;
    const exported: Exports = {};
    loaded.set(`import:${file}`, { exports: exported });
    const text = ask(op.module, [source(file)]) as string;
    const module = { exports: {} as Exports };
    const run = evaluate(text) as (...values: unknown[]) => Promise<void>;
    const folder = path.dirname(file);
    await run(loaderFrom(folder, file), exported, module);
    return Object.keys(exported).length === 0
      ? Object.assign(exported, namespace(module.exports))
      : exported;
  };

  const loaderFrom = (from: string, file: string) => {
    const loader = async (name: unknown, wanted: string[] = []): Promise<Exports> => {
      const found = await load(String(name), from);
      for (const one of wanted) {
        if (!(one in found)) {
          throw new SyntaxError(
            `The requested module '${name}' does not provide an export named '${one}'`,
          );
        }
      }
      return found;
    };
    const meta = {
      url: `file://${file}`,
      filename: file,
      dirname: from,
      resolve: (name: string) => name,
    };
    return Object.assign(loader, { meta, stack: stackOf, watch });
  };

  const require = requireFrom("/");
  define(globalThis, { require, __filename: "/program.js", __dirname: "/" });
  return { require, load: loaderFrom("/", "/program.js") };
}

/** A promise that nothing awaits fails the run when it is rejected. */
function watch(value: unknown): unknown {
  if (value instanceof Promise) void value.then(undefined, fail);
  return value;
}

function namespace(found: Exports): Exports {
  const isNamespace = (typeof found === "object" && found !== null) || typeof found === "function";
  if (!isNamespace) return { default: found };
  return "default" in found ? found : { ...found, default: found };
}
