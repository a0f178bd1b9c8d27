import type { RunError, RunErrorKind } from "../engine.ts";
import { GuestError, Halt } from "./machine.ts";
import { agentFrames } from "./stack.ts";

const sentences = {
  fuel: "The program used up its compute budget and was stopped. Do less work in one run.",
  memory: "The program ran out of memory and was stopped. Keep less data at once.",
  stack: "The program's calls were nested too deeply. Look for a recursion without an end.",
  deadline: "The program took too long and was stopped while it waited.",
  aborted: "The run was aborted.",
  stalled:
    "The program waits for a promise that nothing will ever settle: no timer, request or tool call is pending.",
} as const;

/** The error of a limit, in words that tell the model what to change. */
export function limitError(limit: keyof typeof sentences): RunError {
  const kind: RunErrorKind = limit === "aborted" ? "deadline" : limit;
  return { kind, name: "LimitError", message: sentences[limit], stack: "" };
}

/**
 * Why the interpreter was left by an exception: the gauge is empty, memory or a stack ran
 * out, or the program's own code threw where nothing caught it. Anything else is a defect
 * of the engine and is thrown on.
 */
export function halted(
  thrown: unknown,
  fuelLeft: number,
  failing: boolean,
  firstLineShift: number,
): RunError {
  if (fuelLeft < 0) return limitError("fuel");
  if (thrown instanceof Halt) return limitError("memory");
  if (thrown instanceof RangeError) return limitError("stack");
  if (thrown instanceof GuestError) {
    const { name, message, stack } = thrown.guest;
    if (failing || /out of memory/.test(message)) return limitError("memory");
    if (/stack overflow|call stack size/.test(message)) return limitError("stack");
    const kind = name === "SyntaxError" ? "syntax" : "thrown";
    return { kind, name, message, stack: agentFrames(stack, firstLineShift) };
  }
  // With fuel left, QuickJS traps only where an allocation failed half-way.
  if (thrown instanceof WebAssembly.RuntimeError) return limitError("memory");
  throw thrown;
}
