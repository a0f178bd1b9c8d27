import { op } from "../protocol.ts";
import type { Columns } from "../transform/columns.ts";
import { ask, define, signal } from "./bridge.ts";
import { inspect } from "./console/format.ts";
import { explain, framesOf, setColumns } from "./errors.ts";
import type { Loader } from "./modules/loader.ts";
import { ExitRequest, emitProcess, exitCode, flushOutput } from "./node/process.ts";

type Main = (
  this: unknown,
  load: unknown,
  exported: object,
  module: object,
  exports: object,
) => Promise<unknown>;

/** Runs the program and tells the host how it ended. `loader` serves its imports. */
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
    const given = "default" in exported ? exported.default : value;
    // A default export that takes nothing is a program's main function.
    const isMain = given !== value && typeof given === "function" && given.length === 0;
    const isClass = isMain && /^class\b/.test(Function.prototype.toString.call(given));
    const result: unknown = isMain && !isClass ? await (given as () => unknown)() : await given;
    const isSet = module.exports !== original || Object.keys(original).length > 0;
    finish(result === undefined && isSet ? module.exports : result);
  } catch (error) {
    fail(error, "unhandledRejection");
  }
}

function finish(value: unknown): void {
  const shown = value === undefined ? null : typeof value === "string" ? value : inspect(value);
  flushOutput();
  ask(op.done, shown);
}

/** Called by the host when nothing is left to wait for. */
export function end(): void {
  emitProcess("beforeExit", exitCode());
  emitProcess("exit", exitCode());
  flushOutput();
}

/** Describes the error that ended the program. Its getters may throw: then less is said. */
export function fail(error: unknown, event: "uncaughtException" | "unhandledRejection"): void {
  if (error instanceof ExitRequest) {
    emitProcess("exit", error.code);
    flushOutput();
    if (error.code === 0) return void ask(op.exit, null);
  } else {
    try {
      explain(error);
      const isHandled =
        (event === "unhandledRejection" && emitProcess(event, error, undefined)) ||
        emitProcess("uncaughtException", error, event);
      // The program continues; its main part has ended.
      if (isHandled) return void ask(op.done, null);
    } catch (thrown) {
      report(thrown);
      return;
    }
  }
  report(error);
}

function report(error: unknown): void {
  signal(op.failing);
  let name = "Error";
  let message = "";
  let stack = "";
  try {
    flushOutput();
    if (error instanceof Error) {
      explain(error);
      name = String(error.name || "Error");
      message = String(error.message);
      const cause = error.cause === undefined ? "" : `\n[cause]: ${inspect(error.cause)}`;
      stack = framesOf(error) + cause;
    } else {
      name = "Uncaught";
      message = typeof error === "string" ? error : inspect(error);
    }
  } catch {
    message = message || "The error could not be read.";
  }
  ask(op.failed, { name, message, stack });
}
