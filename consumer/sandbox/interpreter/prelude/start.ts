import { op } from "../protocol.ts";
import { agentFrames } from "../stack.ts";
import { dropTimeouts } from "./web/abort.ts";
import { ask, define, signal } from "./bridge.ts";
import { constructorName, inspect, setFirstLineShift } from "./console/inspect.ts";
import { ExitRequest, flushOutput } from "./node/process.ts";

type Main = (load: unknown, exported: object, module: object) => Promise<unknown>;

let shift = 0;

/** Runs the program and tells the host how it ended. `load` serves its imports. */
export function start(
  main: Main,
  text: string,
  load: unknown,
  defineTools: (names: string[]) => void,
): void {
  const spec = JSON.parse(text) as { tools: string[]; shift: number };
  shift = spec.shift;
  setFirstLineShift(shift);
  defineTools(spec.tools);
  void settle(main, load);
}

async function settle(main: Main, load: unknown): Promise<void> {
  try {
    const exported: Record<string, unknown> = {};
    const original = {};
    const module = { exports: original };
    define(globalThis, { module, exports: original });
    const value = await main(load, exported, module);
    const given = "default" in exported ? exported.default : value;
    // A default export that takes nothing is a program's main function.
    const isMain = given !== value && typeof given === "function" && given.length === 0;
    const isClass = isMain && /^class\b/.test(Function.prototype.toString.call(given));
    const result: unknown = isMain && !isClass ? await (given as () => unknown)() : await given;
    const isSet = module.exports !== original || Object.keys(original).length > 0;
    finish(result === undefined && isSet ? module.exports : result);
  } catch (error) {
    fail(error);
  }
}

function finish(value: unknown): void {
  const shown = value === undefined ? null : typeof value === "string" ? value : inspect(value);
  dropTimeouts();
  flushOutput();
  ask(op.done, shown);
}

/** Describes the error that ended the program. Its getters may throw: then less is said. */
export function fail(error: unknown): void {
  if (error instanceof ExitRequest && error.code === 0) {
    flushOutput();
    ask(op.exit, null);
    return;
  }
  signal(op.failing);
  let name = "Error";
  let message = "";
  let stack = "";
  try {
    flushOutput();
    if (error instanceof Error) {
      name = String(error.name || constructorName(error) || "Error");
      message = String(error.message);
      const cause = error.cause === undefined ? "" : `\n[cause]: ${inspect(error.cause)}`;
      stack = agentFrames(String(error.stack ?? ""), shift) + cause;
    } else {
      name = "Uncaught";
      message = typeof error === "string" ? error : inspect(error);
    }
  } catch {
    message = message || "The error could not be read.";
  }
  ask(op.failed, { name, message, stack });
}
