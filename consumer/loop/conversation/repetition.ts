/**
 * Loop detection: the same calls with the same results, as one call or in a cycle of two or three. First
 * the model is warned, then the call is not run, then only the answer is requested.
 */

import { loopLimits } from "../../../shared/limits.ts";
import type { Step, StepCall, ToolPayload } from "../../../shared/task/step.ts";
import { canonicalJson } from "../../../shared/text/canonical_json.ts";

/** One call for comparison. A result of null is that of a blocked call and matches any result. */
interface Fingerprint {
  call: string;
  result: string | null;
  /** The call and its result as one text. */
  callAndResult: string;
}

/** The fields of a step that are compared. A draft of a step has them too. */
type StepLike = Pick<Step, "status" | "payload">;

/** The order of keys and the kind of white space do not matter: models vary both while they loop. */
const fingerprintOf = (name: string, args: unknown): string =>
  collapseSpace(canonicalJson([name, args]));
const collapseSpace = (text: string): string => text.replace(/(?:\s|\\[nrt])+/g, " ");

const fingerprints = new WeakMap<ToolPayload, Fingerprint>();

/** Cached, because a step never changes and a long transcript is compared for every call. */
function fingerprintOfStep(payload: ToolPayload): Fingerprint {
  const cached = fingerprints.get(payload);
  if (cached !== undefined) return cached;
  const call = fingerprintOf(payload.name, payload.arguments);
  const result = payload.blocked === true ? null : collapseSpace(payload.text);
  const fingerprint = { call, result, callAndResult: JSON.stringify([call, result]) };
  fingerprints.set(payload, fingerprint);
  return fingerprint;
}

/** The result is part of a fingerprint: a call whose result changes is polling, which is allowed. */
function fingerprintsOf(steps: readonly StepLike[]): Fingerprint[] {
  const stepFingerprints: Fingerprint[] = [];
  let seenInReply = new Set<string>();
  for (const { payload, status } of steps) {
    if (payload.kind === "model") {
      seenInReply = new Set();
      continue;
    }
    if (status === "intent" || payload.quality !== undefined) continue;
    const fingerprint = fingerprintOfStep(payload);
    // The model wrote repeated calls of one reply before it saw their result, so they count once.
    if (!seenInReply.has(fingerprint.callAndResult)) stepFingerprints.push(fingerprint);
    seenInReply.add(fingerprint.callAndResult);
  }
  return stepFingerprints;
}

const isSame = (a: Fingerprint, b: Fingerprint): boolean =>
  a.call === b.call && (a.result === null || b.result === null || a.result === b.result);

/** How often in a row the last `period` calls were made; a round under way does not count. */
function roundsOf(calls: readonly Fingerprint[], period: number): number {
  let matches = 0;
  for (let index = calls.length - 1; index >= period; index--) {
    const [later, earlier] = [calls[index], calls[index - period]];
    if (later === undefined || earlier === undefined || !isSame(later, earlier)) break;
    matches += 1;
  }
  return calls.length < period ? 0 : Math.floor(matches / period) + 1;
}

const periods = Array.from({ length: loopLimits.cycleCallsMax }, (_, n) => n + 1);

/** How many times the last cycle ran: 1 if nothing repeats. */
export function countRounds(steps: readonly StepLike[]): number {
  const calls = fingerprintsOf(steps);
  return Math.max(0, ...periods.map((period) => roundsOf(calls, period)));
}

/** True when the call would continue a cycle that was made often enough. */
export function isBlocked(steps: readonly StepLike[], call: StepCall): boolean {
  const calls = fingerprintsOf(steps);
  const next = fingerprintOf(call.name, call.arguments);
  return periods.some(
    (period) =>
      calls.at(-period)?.call === next && roundsOf(calls, period) >= loopLimits.blockAfterRounds,
  );
}

/** True for the step that completes the round after which the model is warned. */
export function needsWarning(steps: readonly StepLike[]): boolean {
  const before = steps.slice(0, -1);
  return (
    countRounds(steps) === loopLimits.warnAfterRounds &&
    countRounds(before) < loopLimits.warnAfterRounds
  );
}

export const isLooping = (steps: readonly StepLike[]): boolean =>
  countRounds(steps) >= loopLimits.finishAfterRounds;
