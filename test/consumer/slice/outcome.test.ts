import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomeOf, retryDelayMs } from "../../../consumer/slice/outcome.ts";
import { type FailureCode, failure, failureTable } from "../../../shared/failures.ts";
import { retryLimits } from "../../../shared/limits.ts";

const fresh = { attempt: 0, attempts: 3 };
const last = { attempt: 2, attempts: 3 };
const broke = (code: FailureCode, retryAfterMs?: number) =>
  ({
    kind: "broke",
    failure: failure(code, "m", retryAfterMs === undefined ? {} : { retryAfterMs }),
  }) as const;

describe("the loop's own ends", () => {
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
  ] as const)("%j", (end, ending) => {
    expect(outcomeOf(end, fresh, 0.5)).toMatchObject(ending);
  });

  test("only a try that failed counts as an attempt", () => {
    for (const end of [{ kind: "answered", output: 1 }, { kind: "cancelled" }] as const) {
      expect(outcomeOf(end, last, 0)).toMatchObject({ failedAttempt: false });
    }
  });
});

const codes = (of: string) =>
  (Object.keys(failureTable) as FailureCode[]).filter((code) => failureTable[code].class === of);

describe("a failure that costs an attempt", () => {
  test.each(codes("retry"))("%s is tried again while attempts are left", (code) => {
    expect(outcomeOf(broke(code), fresh, 0.5)).toMatchObject({ kind: "released", why: "retrying" });
  });

  test.each(codes("retry"))("%s on the last attempt is a dead letter", (code) => {
    expect(outcomeOf(broke(code), last, 0.5)).toMatchObject({
      kind: "settled",
      status: "dead",
      reason: "attempts_exhausted",
      failedAttempt: true,
      error: { code, message: "m", class: "retry" },
    });
  });
});

describe("a failure that costs nothing", () => {
  test.each(codes("give_back"))("%s gives the task back, however few attempts are left", (code) => {
    const ending = outcomeOf(broke(code), last, 0);
    expect(ending).toMatchObject({ kind: "released", why: "given_back" });
    expect(ending).toMatchObject({ delayMs: retryLimits.requeueMs });
  });

  test("the time that the endpoint names is kept, and exceeded by a tenth at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 86_400_000 }), unit(), (ms, random) => {
        const ending = outcomeOf(broke("model_busy", ms), fresh, random);
        if (ending.kind !== "released") throw new Error(ending.kind);
        expect(ending.delayMs).toBeGreaterThanOrEqual(ms);
        expect(ending.delayMs).toBeLessThanOrEqual(ms * 1.1 + 1);
      }),
    );
  });
});

describe("a failure that ends the task", () => {
  test.each(codes("fail"))("%s settles it as failed, with its reason", (code) => {
    expect(outcomeOf(broke(code), fresh, 0)).toMatchObject({
      status: "failed",
      reason: failureTable[code].reason,
      failedAttempt: false,
      error: { code, class: "fail" },
    });
  });

  test.each(codes("dead"))("%s settles it as dead at once", (code) => {
    expect(outcomeOf(broke(code), fresh, 0)).toMatchObject({
      status: "dead",
      reason: "attempts_exhausted",
      failedAttempt: false,
    });
  });
});

const unit = () => fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("the wait before a retry grows by its factor, is never under half of that, and is bounded", () => {
  fc.assert(
    fc.property(fc.nat({ max: 60 }), unit(), (attempt, random) => {
      const most = Math.min(
        retryLimits.delayMsMax,
        retryLimits.delayMsMin * retryLimits.delayFactor ** attempt,
      );
      const delay = retryDelayMs(attempt, random);
      expect(delay).toBeGreaterThanOrEqual(most / 2);
      expect(delay).toBeLessThanOrEqual(most);
    }),
  );
  expect([0, 1, 2, 20].map((attempt) => retryDelayMs(attempt, 0))).toEqual([
    2_500, 15_000, 90_000, 150_000,
  ]);
});
