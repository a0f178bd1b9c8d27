import { op } from "../protocol.ts";
import type { Columns } from "../transform/columns.ts";
import { ask, define } from "./bridge.ts";
import { inspect } from "./console/format.ts";
import { setColumns } from "./errors.ts";
import { fail } from "./failure.ts";
import type { Loader } from "./modules/loader.ts";
import { emitProcess, exitCode } from "./node/process.ts";
import { flushOutput } from "./node/process_streams.ts";

type Main = (
  this: unknown,
  load: unknown,
  exported: object,
  module: object,
  exports: object,
) => Promise<unknown>;

/** Runs the program and reports to the host how it ended. `loader` loads its imports. */
export function start(
  main: Main,
  text: string,
  loader: Loader,
  defineTools: (names: string[]) => void,
): void {
  const spec = JSON.parse(text) as { tools: string[]; columns: Columns; isModule: boolean };
  setColumns(spec.columns);
  defineTools(spec.tools);
  void settle(main, loader, spec.isModule);
}

async function settle(main: Main, loader: Loader, isModule: boolean): Promise<void> {
  try {
    const exported: Record<string, unknown> = {};
    const module = loader.main;
    const original = module.exports as object;
    define(globalThis, { module, exports: original });
    const load = loader.importer("/", "/program.js");
    const value = await main.call(
      isModule ? undefined : original,
      load,
      exported,
      module,
      original,
    );
    const isCommonJs =
      module.exports !== original && (value === undefined || value === module.exports);
    const isExport = "default" in exported || isCommonJs;
    const commonJs = isCommonJs ? module.exports : value;
    const given = "default" in exported ? exported.default : commonJs;
    // An exported function that takes no arguments is the program's main function.
    const isMain = isExport && typeof given === "function" && given.length === 0;
    const isClass = isMain && /^class\b/.test(Function.prototype.toString.call(given));
    const result: unknown = isMain && !isClass ? await (given as () => unknown)() : await given;
    const isSet = module.exports !== original || Object.keys(original).length > 0;
    finish(result === undefined && isSet ? module.exports : result);
  } catch (error) {
    fail(error, "unhandledRejection");
  }
}

function finish(value: unknown): void {
  const text = value === undefined ? null : typeof value === "string" ? value : inspect(value);
  flushOutput();
  ask(op.done, text);
}

/** Called by the host when nothing is left to wait for. */
export function end(): void {
  emitProcess("beforeExit", exitCode());
  emitProcess("exit", exitCode());
  flushOutput();
}
