import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextDelayMs, type PollOutcome } from "../../producer/dashboard/app/data/poll_delay.ts";

const poll = (change: Partial<PollOutcome> = {}): PollOutcome => ({
  changed: true,
  tookMs: 20,
  failed: false,
  retryAfterSeconds: null,
  ...change,
});

describe("the delay before the next poll", () => {
  it.each<[string, number, PollOutcome, number]>([
    ["is the page's interval after a change", 9_000, poll(), 2_000],
    ["grows without a change", 2_000, poll({ changed: false }), 3_000],
    ["grows to half a minute at most", 29_000, poll({ changed: false }), 30_000],
    ["is ten times the duration of a slow call", 2_000, poll({ tookMs: 900 }), 9_000],
    ["doubles after a failure", 2_000, poll({ failed: true }), 4_000],
    ["doubles to a minute at most", 50_000, poll({ failed: true }), 60_000],
    ["is what a busy fleet asks for", 2_000, poll({ failed: true, retryAfterSeconds: 90 }), 90_000],
  ])("%s", (_name, delayMs, outcome, expected) => {
    expect(nextDelayMs(2_000, delayMs, outcome)).toBe(expected);
  });

  it("is never shorter than the page's interval", () => {
    const outcomes = fc.record({
      changed: fc.boolean(),
      tookMs: fc.nat(60_000),
      failed: fc.boolean(),
      retryAfterSeconds: fc.option(fc.nat(600)),
    });
    const eachMs = fc.integer({ min: 500, max: 60_000 });
    fc.assert(
      fc.property(eachMs, fc.nat(60_000), outcomes, (each, delayMs, outcome) => {
        const next = nextDelayMs(each, delayMs, outcome);
        expect(next).toBeGreaterThanOrEqual(Math.min(each, 60_000));
      }),
    );
  });
});
