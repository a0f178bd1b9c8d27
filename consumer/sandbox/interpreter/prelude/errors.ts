import { op } from "../protocol.ts";
import { agentFrames } from "../stack.ts";
import type { Columns } from "../transform/columns.ts";
import { ask, define } from "./bridge.ts";

let columns: Columns = {};

/** How the transformed code moved the columns of the agent's code. */
export function setColumns(given: Columns): void {
  columns = given;
}

/** What a program reads as `value.stack`: of an error its first line as V8 writes it, then the agent's own frames. */
export function stackOf(value: unknown): unknown {
  const stack: unknown = Reflect.get(Object(value), "stack");
  if (!(value instanceof Error) || typeof stack !== "string") return stack;
  // What the program has set itself has no frame of the engine and stays as it is.
  if (stack !== "" && !/^ *at /.test(stack)) return stack;
  const frames = agentFrames(stack, columns);
  const head = headOf(value);
  return frames === "" ? head : `${head}\n${frames}`;
}

/** The agent's own frames of an error, one a line. */
export function framesOf(error: Error): string {
  return agentFrames(String(Reflect.get(error, "stack") ?? ""), columns);
}

/** V8 writes the first line when the error is made, before its constructor sets a name of its own. */
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

/** Errors of the engine itself, which say too little: V8's messages name what the source has at the place. */
const terse =
  /^(not a (function|constructor)|value is not iterable|not an object|cannot (read|set) property '.*' of (undefined|null)|'.*' is (not defined|read-only)|.* is not initialized|cannot convert .*|class constructors must be invoked with 'new'|invalid .*|empty array|object is not extensible|circular reference|expecting hex digit|malformed .*|expecting surrogate pair|Date value is NaN|both operands .*|division by zero|regexp must have the 'g' flag)$/;

/** Gives an error that the engine made the message that V8 has for it. Never throws. */
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
    // The message stays as it is.
  }
}

/** Makes errors equal to those of V8: their stacks, the position of a JSON error, and errors in promise handlers. */
export function installErrors(): void {
  const { parse } = JSON;
  define(JSON, {
    parse(text: unknown, reviver?: (this: unknown, key: string, value: unknown) => unknown) {
      try {
        return parse(text as string, reviver);
      } catch (error) {
        if (error instanceof SyntaxError) ask(op.json, [String(text)]);
        throw error;
      }
    },
  });
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
