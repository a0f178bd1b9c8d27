import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomeOf, retryDelayMs } from "../../../consumer/slice/outcome.ts";
import { retryLimits } from "../../../shared/limits.ts";
import { type FailureCode, failure, failureTable } from "../../../shared/task/failures.ts";

const firstAttempt = { attempt: 0, attempts: 3 };
const lastAttempt = { attempt: 2, attempts: 3 };
const failureEnd = (code: FailureCode, retryAfterMs?: number) =>
  ({
    kind: "failure",
    failure: failure(code, "m", retryAfterMs === undefined ? {} : { retryAfterMs }),
  }) as const;

describe("an end of the loop", () => {
  test.each([
    [
      { kind: "answered", output: { a: 1 } },
      { status: "succeeded", reason: "completed", output: { a: 1 } },
    ],
    [
      { kind: "failed", reason: "budget_steps", code: "budget_steps", message: "m" },
      { status: "failed", reason: "budget_steps", error: { code: "budget_steps", message: "m" } },
    ],
    [{ kind: "cancelled" }, { status: "cancelled", reason: "cancelled" }],
    [{ kind: "yielded" }, { kind: "released", why: "yielded", delayMs: 0, failure: null }],
    [{ kind: "lost" }, { kind: "lost" }],
  ] as const)("%j decides the outcome", (end, outcome) => {
    expect(outcomeOf(end, firstAttempt, 0.5)).toMatchObject(outcome);
  });

  test("an end without a failure does not count as an attempt", () => {
    for (const end of [{ kind: "answered", output: 1 }, { kind: "cancelled" }] as const) {
      expect(outcomeOf(end, lastAttempt, 0)).toMatchObject({ isFailedAttempt: false });
    }
  });
});

const codesOf = (failureClass: string) =>
  (Object.keys(failureTable) as FailureCode[]).filter(
    (code) => failureTable[code].class === failureClass,
  );

describe("a failure of class retry", () => {
  test.each(codesOf("retry"))(
    "%s releases the task for another attempt while attempts are left",
    (code) => {
      expect(outcomeOf(failureEnd(code), firstAttempt, 0.5)).toMatchObject({
        kind: "released",
        why: "retrying",
      });
    },
  );

  test.each(codesOf("retry"))("%s settles the task as dead at the last attempt", (code) => {
    expect(outcomeOf(failureEnd(code), lastAttempt, 0.5)).toMatchObject({
      kind: "settled",
      status: "dead",
      reason: "attempts_exhausted",
      isFailedAttempt: true,
      error: { code, message: "m", class: "retry" },
    });
  });
});

describe("a failure of class `give_back`", () => {
  test.each(codesOf("give_back"))("%s requeues the task even at the last attempt", (code) => {
    const outcome = outcomeOf(failureEnd(code), lastAttempt, 0);
    expect(outcome).toMatchObject({ kind: "released", why: "requeued" });
    expect(outcome).toMatchObject({ delayMs: retryLimits.requeueMs });
  });

  test("the delay is at least the endpoint's retry-after, and at most a tenth longer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 86_400_000 }), unit(), (ms, random) => {
        const outcome = outcomeOf(failureEnd("model_busy", ms), firstAttempt, random);
        if (outcome.kind !== "released") throw new Error(outcome.kind);
        expect(outcome.delayMs).toBeGreaterThanOrEqual(ms);
        expect(outcome.delayMs).toBeLessThanOrEqual(ms * 1.1 + 1);
      }),
    );
  });
});

describe("a failure of class fail or dead", () => {
  test.each(codesOf("fail"))("%s settles the task as failed, with its reason", (code) => {
    expect(outcomeOf(failureEnd(code), firstAttempt, 0)).toMatchObject({
      status: "failed",
      reason: failureTable[code].reason,
      isFailedAttempt: false,
      error: { code, class: "fail" },
    });
  });

  test.each(codesOf("dead"))("%s settles the task as dead", (code) => {
    expect(outcomeOf(failureEnd(code), firstAttempt, 0)).toMatchObject({
      status: "dead",
      reason: failureTable[code].reason,
      isFailedAttempt: false,
    });
  });
});

const unit = () => fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("the delay of a retry grows exponentially up to a limit, with jitter above one half", () => {
  fc.assert(
    fc.property(fc.nat({ max: 60 }), unit(), (attempt, random) => {
      const max = Math.min(
        retryLimits.delayMsMax,
        retryLimits.delayMsMin * retryLimits.delayFactor ** attempt,
      );
      const delay = retryDelayMs(attempt, random);
      expect(delay).toBeGreaterThanOrEqual(max / 2);
      expect(delay).toBeLessThanOrEqual(max);
    }),
  );
  expect([0, 1, 2, 20].map((attempt) => retryDelayMs(attempt, 0))).toEqual([
    2_500, 15_000, 90_000, 150_000,
  ]);
});
