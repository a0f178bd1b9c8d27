import { op } from "../../protocol.ts";
import { ask } from "../bridge.ts";
import { makeBindings } from "./bindings.ts";
import { replacedModules } from "./replaced.ts";

type Exports = Record<string, unknown>;
type Wrapper = (
  exports: Exports,
  require: (id: string) => Exports,
  module: { exports: Exports },
  process: object,
  internalBinding: (name: string) => object,
  primordials: object,
) => void;

/** Node's own modules in the boot image, by name; the build puts them here. */
declare const nodeImage: Record<string, Wrapper>;

/** Evaluates in the global scope, so the evaluated code cannot reach names of this file. */
const evaluate = Reflect.get(globalThis, "eval") as (source: string) => unknown;
const loadedModules = new Map<string, { exports: Exports }>();
const primordials: Record<string, unknown> = {};
const bindings = makeBindings(nodeModule);
/** The process that Node's JavaScript sees at boot: its platform and whether it prints colours. */
export const nodeProcess: Record<string, unknown> = {
  versions: { node: "26.10.0" },
  version: "v26.10.0",
  platform: "linux",
  arch: "x64",
  env: {},
  execArgv: [],
  // Deprecation warnings are dropped, because no one reads the terminal.
  emitWarning: () => {},
};

/** From now on Node's JavaScript sees the program's own process. */
export function adoptProcess(process: object): void {
  Object.setPrototypeOf(nodeProcess, process);
}

/** Registers a module of the prelude that Node's JavaScript can require. */
export function provide(id: string, make: () => object): void {
  replacedModules[id] = make as () => Exports;
}

function internalBinding(name: string): object {
  const binding = bindings[name];
  if (binding === undefined) throw new Error(`There is no binding named ${name}.`);
  return typeof binding === "function" ? binding() : binding;
}

/** A module of Node's own JavaScript, evaluated at its first use. */
export function nodeModule(id: string): Exports {
  const known = loadedModules.get(id);
  if (known !== undefined) return known.exports;
  const module = { exports: {} as Exports };
  loadedModules.set(id, module);
  const replacement = replacedModules[id];
  if (replacement !== undefined) {
    module.exports = replacement() as Exports;
    return module.exports;
  }
  const wrapper = nodeImage[id] ?? lazyModule(id);
  wrapper(module.exports, nodeModule, module, nodeProcess, internalBinding, primordials);
  return module.exports;
}

function lazyModule(id: string): Wrapper {
  const source = ask(op.library, [id]);
  if (typeof source !== "string") throw new Error(`Node's ${id} is not available in the sandbox.`);
  return evaluate(`(${source})`) as Wrapper;
}

/** Evaluates common modules in the boot image, so that no run pays for them. */
export function bootLibrary(): void {
  nodeImage["internal/per_context/primordials"]?.(
    {},
    nodeModule,
    { exports: {} },
    nodeProcess,
    internalBinding,
    primordials,
  );
  for (const id of Object.keys(nodeImage)) {
    if (id !== "internal/per_context/primordials") nodeModule(id);
  }
  (nodeModule("internal/util/debuglog").initializeDebugEnv as (names?: string) => void)();
}
