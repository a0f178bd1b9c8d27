import type { RunError } from "../../engine.ts";
import { limitError } from "../../limit_error.ts";
import { agentFrames } from "../stack.ts";
import type { Columns } from "../transform/columns.ts";
import { Halt } from "./halt.ts";
import { GuestError } from "./machine.ts";

/**
 * Why the interpreter was left by an exception: the gauge is empty, memory or a stack ran
 * out, or the program's own code threw where nothing caught it. Anything else is a defect
 * of the engine and is thrown on.
 */
export function haltError(
  thrown: unknown,
  fuelLeft: number,
  isFailing: boolean,
  columns: Columns,
): RunError {
  if (fuelLeft < 0) return limitError("fuel");
  if (thrown instanceof Halt) return limitError("memory");
  if (thrown instanceof RangeError) return limitError("stack");
  if (thrown instanceof GuestError) {
    const { name, message, stack } = thrown.guest;
    if (isFailing || /out of memory/.test(message)) return limitError("memory");
    if (/stack overflow|call stack size/.test(message)) return limitError("stack");
    const kind = name === "SyntaxError" ? "syntax" : "thrown";
    return { kind, name, message, stack: agentFrames(stack, columns) };
  }
  // With fuel left, QuickJS traps only after a failed allocation.
  if (thrown instanceof WebAssembly.RuntimeError) return limitError("memory");
  throw thrown;
}
