/**
 * Loop detection: the same calls with the same results, alone or in a cycle of two or three. First the
 * model is told, then the call is not run, then only the answer is asked for.
 */
import { loopLimits } from "../../shared/limits.ts";
import type { Step, StepCall } from "../../shared/step.ts";
import { canonicalJson } from "../models/json.ts";

/** One call as it is compared. A result of null is one that was held back, and so fits any. */
interface Print {
  call: string;
  result: string | null;
}

/** What is read of a step: a draft will do, before it is written. */
type Seen = Pick<Step, "status" | "payload">;

/** Keys in any order and white space of any kind are the same call: models vary both while they loop. */
const printOf = (name: string, args: unknown): string => spaceless(canonicalJson([name, args]));
const spaceless = (text: string): string => text.replace(/(?:\s|\\[nrt])+/g, " ");

/** A call whose result changes is polling, and allowed; so the result is part of the print. */
function printsOf(steps: readonly Seen[]): Print[] {
  const prints: Print[] = [];
  let inReply = new Set<string>();
  for (const { payload, status } of steps) {
    if (payload.kind === "model") {
      inReply = new Set();
      continue;
    }
    if (status === "intent") continue;
    const call = printOf(payload.name, payload.arguments);
    const result = payload.blocked === true ? null : spaceless(payload.text);
    // One reply that says the same call often has not yet seen what it answers.
    const key = JSON.stringify([call, result]);
    if (!inReply.has(key)) prints.push({ call, result });
    inReply.add(key);
  }
  return prints;
}

const same = (a: Print, b: Print): boolean =>
  a.call === b.call && (a.result === null || b.result === null || a.result === b.result);

/** How often in a row the last `period` calls were made, counting a round that is under way as none. */
function roundsOf(prints: readonly Print[], period: number): number {
  let matched = 0;
  for (let at = prints.length - 1; at >= period; at--) {
    const [here, before] = [prints[at], prints[at - period]];
    if (here === undefined || before === undefined || !same(here, before)) break;
    matched += 1;
  }
  return prints.length < period ? 0 : Math.floor(matched / period) + 1;
}

const periods = Array.from({ length: loopLimits.cycleCallsMax }, (_, n) => n + 1);

/** How often the last cycle was gone through: 1 where nothing repeats. */
export function roundsIn(steps: readonly Seen[]): number {
  const prints = printsOf(steps);
  return Math.max(0, ...periods.map((period) => roundsOf(prints, period)));
}

/** True when a call would go through a cycle once more that was gone through often enough. */
export function isBlocked(steps: readonly Seen[], call: StepCall): boolean {
  const prints = printsOf(steps);
  const print = printOf(call.name, call.arguments);
  return periods.some(
    (period) =>
      prints.at(-period)?.call === print && roundsOf(prints, period) >= loopLimits.blockAfterRounds,
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
