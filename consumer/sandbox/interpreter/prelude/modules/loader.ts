import { op } from "../../protocol.ts";
import { ask, askText, define } from "../bridge.ts";
import { explain, stackOf } from "../errors.ts";
import { fail } from "../failure.ts";
import { lists } from "../language/lists.ts";
import { UsingScope } from "../language/using.ts";
import { resolvePath } from "../node/resolve_path.ts";

export type Exports = Record<string, unknown>;

/** Node's modules, and packages that come with the sandbox. */
export interface Builtins {
  names: ReadonlySet<string>;
  get(name: string): Exports | undefined;
  packages(): string[];
  packageSource(name: string): string | null;
}

interface Module {
  exports: unknown;
  id: string;
  filename: string;
  loaded: boolean;
  children: unknown[];
  paths: string[];
}

/** Evaluates in the program's global scope, so the evaluated code cannot reach names of this file. */
const evaluate = Reflect.get(globalThis, "eval") as (source: string) => unknown;

const dirname = (file: string): string => file.slice(0, Math.max(1, file.lastIndexOf("/")));

const newModule = (filename: string): Module => ({
  exports: {},
  id: filename,
  filename,
  loaded: false,
  children: [],
  paths: [],
});

/** `require` and the loader behind `import`: modules of Node, packages, then files of the workspace. */
export class Loader {
  readonly #builtins: Builtins;
  readonly #modules = new Map<string, Module>();
  readonly #cache: Record<string, Module> = {};
  /** The program itself, for `require.main === module`. */
  readonly main = Object.assign(newModule("/program.js"), { id: "." });

  constructor(builtins: Builtins) {
    this.#builtins = builtins;
  }

  /** Defines `require`, `__filename` and `__dirname` for a program in the root folder. */
  install(): void {
    define(globalThis, {
      require: this.#requireFrom("/"),
      __filename: "/program.js",
      __dirname: "/",
    });
  }

  /** The functions that a file's imports are transformed to; see transform.ts. */
  importer(from: string, file: string): object {
    const load = async (name: unknown, exportName?: unknown): Promise<Exports> => {
      const exports = await this.#import(String(name), from);
      // A dynamic import passes its options here.
      for (const key of Array.isArray(exportName) ? (exportName as string[]) : []) {
        if (key in exports) continue;
        throw new SyntaxError(
          `The requested module '${name}' does not provide an export named '${key}'`,
        );
      }
      return exports;
    };
    const meta = {
      url: `file://${file}`,
      filename: file,
      dirname: from,
      main: file === "/program.js",
      resolve: (name: string) =>
        this.#builtins.names.has(name.replace(/^node:/, ""))
          ? name
          : `file://${this.#find(name, from)}`,
    };
    return Object.assign(load, {
      meta,
      stack: stackOf,
      watch,
      explain,
      using: () => new UsingScope(),
      ...lists,
    });
  }

  #builtin(name: string): Exports | undefined {
    const bareName = String(name).replace(/^node:/, "");
    return (
      this.#builtins.get(bareName) ??
      (name.startsWith("node:") ? undefined : this.#package(bareName))
    );
  }

  #package(name: string): Exports | undefined {
    if (/^[./]/.test(name)) return undefined;
    const cached = this.#modules.get(`package:${name}`);
    if (cached !== undefined) return cached.exports as Exports;
    const source = this.#builtins.packageSource(name);
    if (source === null) return this.#member(name);
    const module = newModule(`/node_modules/${name}`);
    this.#modules.set(`package:${name}`, module);
    const run = evaluate(`(${source})`) as (...values: unknown[]) => void;
    run(module.exports, this.#requireFrom("/"), module);
    return module.exports as Exports;
  }

  /** "lodash/groupBy" is a member of "lodash". */
  #member(name: string): Exports | undefined {
    const [, owner = "", member = ""] =
      /^(lodash|lodash-es|date-fns|simple-statistics)\/(\w+)(?:\.js)?$/.exec(name) ?? [];
    return member === "" ? undefined : (this.#package(owner)?.[member] as Exports | undefined);
  }

  #missing(name: string): Error {
    const message = `Cannot find module '${name}'. ${this.#advice(name)}`;
    return Object.assign(new Error(message), { code: "MODULE_NOT_FOUND", requireStack: [] });
  }

  #advice(name: string): string {
    if (/^[./]/.test(name)) return "The workspace has no such file.";
    if (/^(https?|npm|jsr|data|blob):/.test(name))
      return `Modules are not loaded from elsewhere. Packages: ${this.#builtins.packages().join(", ")}.`;
    if (
      /^(node:)?(https?|net|tls|dgram|dns|http2)$/.test(name) ||
      /^(axios|node-fetch|got|request|undici|superagent|ky)$/.test(name)
    )
      return "Packages cannot be installed; for HTTP use fetch().";
    if (/^(node:)?(child_process|cluster|worker_threads|vm|v8|inspector)$/.test(name))
      return "Programs, threads and virtual machines cannot be started in the sandbox.";
    return `Available: ${[...this.#builtins.names].join(", ")}; packages ${this.#builtins.packages().join(", ")}; and files of the workspace. Packages cannot be installed; for HTTP use fetch().`;
  }

  #find(name: string, from: string): string {
    const base = resolvePath(from, name.replace(/^file:\/\//, ""));
    for (const tail of [
      "",
      ".js",
      ".mjs",
      ".cjs",
      ".json",
      "/index.js",
      "/index.mjs",
      "/index.cjs",
      "/index.json",
    ]) {
      const entry = ask(op.files, ["entry", base + tail]) as { kind: string } | null;
      if (entry?.kind === "file") return base + tail;
    }
    throw this.#missing(name);
  }

  #requireFrom(from: string): object {
    const require = (name: string): unknown => {
      if (typeof name !== "string") {
        const message = `The "id" argument must be of type string. Received ${name === undefined ? "undefined" : typeof name}`;
        throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
      }
      const builtin = this.#builtin(name);
      if (builtin !== undefined) return builtin;
      if (!/^([./]|file:)/.test(name)) throw this.#missing(name);
      return this.#requireFile(this.#find(name, from));
    };
    const resolve = (name: string): string => (this.#builtin(name) ? name : this.#find(name, from));
    return Object.assign(require, {
      resolve,
      cache: this.#cache,
      extensions: { ".js": 1, ".json": 1 },
      main: this.main,
    });
  }

  #requireFile(file: string): unknown {
    const cached = this.#modules.get(file);
    if (cached !== undefined) return cached.exports;
    const module = newModule(file);
    this.#modules.set(file, module);
    this.#cache[file] = module;
    const text = askText(op.files, ["read_text", file]).replace(/^\ufeff/, "");
    try {
      if (file.endsWith(".json")) module.exports = JSON.parse(text);
      else {
        const wrapper = askText(op.module, [text, "commonjs"]);
        const folder = dirname(file);
        const run = evaluate(wrapper) as (...values: unknown[]) => void;
        run(
          module.exports,
          this.#requireFrom(folder),
          module,
          file,
          folder,
          this.importer(folder, file),
        );
      }
    } catch (error) {
      this.#modules.delete(file);
      delete this.#cache[file];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  async #import(name: string, from: string): Promise<Exports> {
    const builtin = this.#builtin(name);
    if (builtin !== undefined) return namespace(builtin);
    if (!/^([./]|file:)/.test(name)) throw this.#missing(name);
    const file = this.#find(name, from);
    if (/\.(json|cjs)$/.test(file)) return namespace(this.#requireFile(file) as Exports);
    const key = `import:${file}`;
    const cached = this.#modules.get(key);
    if (cached !== undefined) return cached.exports as Exports;
    const exported: Exports = {};
    const module = newModule(file);
    this.#modules.set(key, Object.assign(newModule(file), { exports: exported }));
    const run = evaluate(
      askText(op.module, [askText(op.files, ["read_text", file]), "module"]),
    ) as (...values: unknown[]) => Promise<void>;
    await run(this.importer(dirname(file), file), exported, module, module.exports);
    if (Object.keys(exported).length === 0)
      Object.assign(exported, namespace(module.exports as Exports));
    return exported;
  }
}

/** A promise that nothing awaits fails the run when it is rejected. */
function watch(value: unknown): unknown {
  if (value instanceof Promise)
    void value.then(undefined, (error) => fail(error, "unhandledRejection"));
  return value;
}

function namespace(exports: Exports): Exports {
  const isObject =
    (typeof exports === "object" && exports !== null) || typeof exports === "function";
  if (!isObject) return { default: exports };
  if (Object.hasOwn(exports, "__esModule") && "default" in exports) return exports;
  const names = Object.getOwnPropertyDescriptors(exports);
  const copy: Exports = {};
  for (const [key, field] of Object.entries(names))
    if (field.enumerable || "get" in field)
      Object.defineProperty(copy, key, { ...field, enumerable: true, configurable: true });
  return Object.assign(copy, { default: exports });
}
