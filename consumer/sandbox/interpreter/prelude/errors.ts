import { op } from "../protocol.ts";
import { agentFrames } from "../stack.ts";
import type { Columns } from "../transform/columns.ts";
import { ask, define } from "./bridge.ts";
import { installJson } from "./language/json.ts";

let columns: Columns = {};

/** Sets how the transformation moved the columns of the agent's code. */
export function setColumns(given: Columns): void {
  columns = given;
}

/** The value of `.stack` that a program reads: of an error, its first line as V8 writes it, then the agent's frames. */
export function stackOf(value: unknown): unknown {
  const stack: unknown = Reflect.get(Object(value), "stack");
  if (!(value instanceof Error) || typeof stack !== "string") return stack;
  // A stack that the program has set itself has no frame of the engine and stays unchanged.
  if (stack !== "" && !/^ *at /.test(stack)) return stack;
  const frames = agentFrames(stack, columns);
  const head = headOf(value);
  return frames === "" ? head : `${head}\n${frames}`;
}

/** The agent's own frames of an error, one a line. */
export function framesOf(error: Error): string {
  return agentFrames(String(Reflect.get(error, "stack") ?? ""), columns);
}

/** V8 writes the first line when the error is created, before its constructor sets a name. */
function headOf(error: Error): string {
  try {
    const isOwn = Object.hasOwn(error, "name");
    const name = String(
      isOwn ? Reflect.get(Object.getPrototypeOf(error), "name", error) : error.name,
    );
    const message = String(error.message);
    // Node's own errors carry their code in the first line.
    const code =
      Object.hasOwn(error, "toString") && typeof Reflect.get(error, "code") === "string"
        ? ` [${Reflect.get(error, "code")}]`
        : "";
    if (message === "") return name + code;
    return name === "" ? message : `${name}${code}: ${message}`;
  } catch {
    return "Error";
  }
}

/** Messages of the engine that are too short: V8's messages name the expression in the source. */
const terse =
  /^(not a (function|constructor)|value is not iterable|not an object|cannot (read|set) property '.*' of (undefined|null)|'.*' is (not defined|read-only)|.* is not initialized|cannot convert .*|class constructors must be invoked with 'new'|invalid .*|empty array|object is not extensible|circular reference|expecting hex digit|malformed .*|expecting surrogate pair|Date value is NaN|both operands .*|division by zero|regexp must have the 'g' flag)$/;

/** Replaces the message of an engine error by V8's message. Never throws. */
export function explain(error: unknown): void {
  try {
    if (!(error instanceof Error)) return;
    if (error.name === "InternalError" && error.message === "stack overflow") {
      Object.setPrototypeOf(error, RangeError.prototype);
      define(error, { message: "Maximum call stack size exceeded" });
      return;
    }
    const isPattern =
      error instanceof SyntaxError && /^\s*at RegExp/.test(String(Reflect.get(error, "stack")));
    if (!isPattern && !terse.test(error.message)) return;
    const message = ask(op.explain, [error.message, String(Reflect.get(error, "stack"))]);
    define(error, { message });
  } catch {
    // No better message was found: the engine's own is kept.
  }
}

/** Makes errors equal to those of V8: their stacks, the position of a JSON error, and errors in promise handlers. */
export function installErrors(): void {
  installJson();
  const { then } = Promise.prototype;
  define(Promise.prototype, {
    then(this: Promise<unknown>, onFulfilled?: never, onRejected?: unknown) {
      if (typeof onRejected !== "function")
        return then.call(this, onFulfilled, onRejected as never);
      return then.call(this, onFulfilled, (error: unknown) => {
        explain(error);
        return onRejected(error);
      });
    },
  });
  define(Error, {
    stackTraceLimit: 10,
    captureStackTrace(target: object) {
      const stack = String(Reflect.get(new Error(""), "stack"));
      const frames = stack.slice(stack.indexOf("\n") + 1);
      const value =
        target instanceof Error
          ? frames
          : `${String(target) === "[object Object]" ? "Error" : String(target)}\n${agentFrames(frames, columns)}`;
      Object.defineProperty(target, "stack", { value, writable: true, configurable: true });
    },
  });
}
