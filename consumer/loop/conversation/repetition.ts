/**
 * Loop detection: the same calls with the same results, alone or in a cycle of two or three. First the
 * model is told, then the call is not run, then only the answer is asked for.
 */

import { canonicalJson } from "../../../shared/canonical_json.ts";
import { loopLimits } from "../../../shared/limits.ts";
import type { Step, StepCall, ToolPayload } from "../../../shared/step.ts";

/** One call as it is compared. A result of null is one that was held back, and so fits any. */
interface Print {
  call: string;
  result: string | null;
  /** Both in one text. */
  whole: string;
}

/** What is read of a step: a draft will do, before it is written. */
type Seen = Pick<Step, "status" | "payload">;

/** Keys in any order and white space of any kind are the same call: models vary both while they loop. */
const printOf = (name: string, args: unknown): string => spaceless(canonicalJson([name, args]));
const spaceless = (text: string): string => text.replace(/(?:\s|\\[nrt])+/g, " ");

const prints = new WeakMap<ToolPayload, Print>();

/** Each payload is read once: a step never changes, and a long transcript is looked at for every call. */
function printOfStep(payload: ToolPayload): Print {
  const known = prints.get(payload);
  if (known !== undefined) return known;
  const call = printOf(payload.name, payload.arguments);
  const result = payload.blocked === true ? null : spaceless(payload.text);
  const print = { call, result, whole: JSON.stringify([call, result]) };
  prints.set(payload, print);
  return print;
}

/** A call whose result changes is polling, and allowed; so the result is part of the print. */
function printsOf(steps: readonly Seen[]): Print[] {
  const found: Print[] = [];
  let inReply = new Set<string>();
  for (const { payload, status } of steps) {
    if (payload.kind === "model") {
      inReply = new Set();
      continue;
    }
    if (status === "intent") continue;
    const print = printOfStep(payload);
    // One reply that says the same call often has not yet seen what it answers.
    if (!inReply.has(print.whole)) found.push(print);
    inReply.add(print.whole);
  }
  return found;
}

const same = (a: Print, b: Print): boolean =>
  a.call === b.call && (a.result === null || b.result === null || a.result === b.result);

/** How often in a row the last `period` calls were made, counting a round that is under way as none. */
function roundsOf(made: readonly Print[], period: number): number {
  let matched = 0;
  for (let at = made.length - 1; at >= period; at--) {
    const [here, before] = [made[at], made[at - period]];
    if (here === undefined || before === undefined || !same(here, before)) break;
    matched += 1;
  }
  return made.length < period ? 0 : Math.floor(matched / period) + 1;
}

const periods = Array.from({ length: loopLimits.cycleCallsMax }, (_, n) => n + 1);

/** How often the last cycle was gone through: 1 where nothing repeats. */
export function roundsIn(steps: readonly Seen[]): number {
  const made = printsOf(steps);
  return Math.max(0, ...periods.map((period) => roundsOf(made, period)));
}

/** True when a call would go through a cycle once more that was gone through often enough. */
export function isBlocked(steps: readonly Seen[], call: StepCall): boolean {
  const made = printsOf(steps);
  const print = printOf(call.name, call.arguments);
  return periods.some(
    (period) =>
      made.at(-period)?.call === print && roundsOf(made, period) >= loopLimits.blockAfterRounds,
  );
}

/** True for the step that closes the round after which the model is told. */
export function isWarned(steps: readonly Seen[]): boolean {
  const before = steps.slice(0, -1);
  return (
    roundsIn(steps) === loopLimits.warnAfterRounds && roundsIn(before) < loopLimits.warnAfterRounds
  );
}

export const isLooping = (steps: readonly Seen[]): boolean =>
  roundsIn(steps) >= loopLimits.finishAfterRounds;
