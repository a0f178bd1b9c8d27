import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Look, nextPauseMs } from "../../producer/dashboard/app/pace.ts";

const look = (change: Partial<Look> = {}): Look => ({
  changed: true,
  tookMs: 20,
  failed: false,
  retryAfter: null,
  ...change,
});

describe("the pause before the next look", () => {
  it.each<[string, number, Look, number]>([
    ["is the page's pace while things change", 9_000, look(), 2_000],
    ["grows while nothing does", 2_000, look({ changed: false }), 3_000],
    ["grows to half a minute", 29_000, look({ changed: false }), 30_000],
    ["leaves a slow store nine tenths of its time", 2_000, look({ tookMs: 900 }), 9_000],
    ["doubles with each failure", 2_000, look({ failed: true }), 4_000],
    ["doubles to a minute", 50_000, look({ failed: true }), 60_000],
    ["is what a busy fleet asks for", 2_000, look({ failed: true, retryAfter: 90 }), 90_000],
  ])("%s", (_what, pauseMs, seen, next) => {
    expect(nextPauseMs(2_000, pauseMs, seen)).toBe(next);
  });

  it("is never shorter than the page's pace", () => {
    const looks = fc.record({
      changed: fc.boolean(),
      tookMs: fc.nat(60_000),
      failed: fc.boolean(),
      retryAfter: fc.option(fc.nat(600)),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 500, max: 60_000 }),
        fc.nat(60_000),
        looks,
        (each, pause, one) => {
          expect(nextPauseMs(each, pause, one)).toBeGreaterThanOrEqual(Math.min(each, 60_000));
        },
      ),
    );
  });
});
