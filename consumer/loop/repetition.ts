/** Loop detection: the same calls with the same results, alone or in a cycle of two or three. */
import { loopLimits } from "../../shared/limits.ts";
import type { Step } from "../../shared/step.ts";

/** A call whose result changes is polling, and allowed; so the result is part of the fingerprint. */
function fingerprint(step: Step): string | null {
  const { payload } = step;
  if (payload.kind !== "tool") return null;
  return JSON.stringify([payload.name, payload.arguments, payload.text]);
}

/** `stuck` when the last calls are one cycle repeated `loopLimits.cyclesMax` times. */
export function repetition(steps: readonly Step[]): "fine" | "stuck" {
  const prints = steps.map(fingerprint).filter((print) => print !== null);
  for (let period = 1; period <= loopLimits.cycleCallsMax; period++) {
    const span = period * loopLimits.cyclesMax;
    if (prints.length < span) continue;
    const tail = prints.slice(-span);
    if (tail.every((print, n) => print === tail[n % period])) return "stuck";
  }
  return "fine";
}
