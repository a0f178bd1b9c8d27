import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freshPace, type Heard, learn, type Pace, reserve } from "../../consumer/governor/pace.ts";
import { governorLimits } from "../../shared/limits.ts";

const now = 1_000_000;
const pace = (more: Partial<Pace>): Pace => ({ ...freshPace, ...more });
const { aheadMsMax, refusedMs, faultsToOpen, openMs, spreadMsMax } = governorLimits;

describe("reserving a slot", () => {
  test("a fresh model is called at once, the next call one interval later", () => {
    const first = reserve(freshPace, 60, now);
    expect(first).toMatchObject({ granted: true, at: now });
    expect(reserve(first.pace, 60, now)).toMatchObject({ granted: true, at: now + 1_000 });
  });

  test.each([
    ["the furthest slot", pace({ nextAt: now + aheadMsMax }), true],
    ["one beyond it", pace({ nextAt: now + aheadMsMax + 1 }), false],
    ["a model that is closed for long", pace({ closedUntil: now + 60_000 }), false],
    ["a model that opens soon", pace({ closedUntil: now + 500 }), true],
  ])("%s: granted %j", (_, before, granted) => {
    expect(reserve(before, 20, now).granted).toBe(granted);
  });

  test("a refusal names the time to come back and reserves nothing", () => {
    const before = pace({ nextAt: now + 20_000 });
    const refusal = reserve(before, 20, now);
    expect(refusal).toMatchObject({ granted: false, until: now + 20_000 });
    expect(refusal.pace).toMatchObject({ nextAt: before.nextAt, closedUntil: 0 });
  });

  test("those who are refused are told to come one after the other, at the model's own pace", () => {
    const times: number[] = [];
    let state = pace({ closedUntil: now + 60_000 });
    for (let n = 0; n < 4; n++) {
      const refusal = reserve(state, 20, now);
      state = refusal.pace;
      if (!refusal.granted) times.push(refusal.until - now);
    }
    expect(times).toEqual([60_000, 63_000, 66_000, 69_000]);
  });

  test("no refusal names a time that is further off than the spread", () => {
    let state = pace({ closedUntil: now + 60_000 });
    for (let n = 0; n < 1_000; n++) {
      const refusal = reserve(state, 20, now);
      state = refusal.pace;
      expect(refusal.granted ? 0 : refusal.until).toBeGreaterThanOrEqual(now + 60_000);
      expect(refusal.granted ? 0 : refusal.until).toBeLessThanOrEqual(now + 60_000 + spreadMsMax);
    }
  });
});

const rates = fc.integer({ min: 1, max: 1_000 });
const arrivals = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 200 });

/** When the calls go out that are asked for one after the other with these gaps between them. */
function grantedTimes(rate: number, gaps: readonly number[]): number[] {
  const times: number[] = [];
  let state = freshPace;
  let clock = now;
  for (const gap of gaps) {
    clock += gap;
    const grant = reserve(state, rate, clock);
    state = grant.pace;
    if (grant.granted) times.push(grant.at);
  }
  return times;
}

test("no minute holds more calls than the rate allows, however they arrive", () => {
  fc.assert(
    fc.property(rates, arrivals, (rate, gaps) => {
      const times = grantedTimes(rate, gaps);
      for (const from of times) {
        // Sums of intervals such as 60000/7 are off by less than a microsecond.
        const inMinute = times.filter((at) => at >= from && at < from + 60_000 - 0.001);
        expect(inMinute.length).toBeLessThanOrEqual(rate);
      }
    }),
  );
});

test("calls go out in order, never before they are asked for, never further ahead than promised", () => {
  fc.assert(
    fc.property(rates, arrivals, (rate, gaps) => {
      let state = freshPace;
      let clock = now;
      let before = 0;
      for (const gap of gaps) {
        clock += gap;
        const grant = reserve(state, rate, clock);
        state = grant.pace;
        if (!grant.granted) {
          expect(grant.until).toBeGreaterThan(clock + aheadMsMax);
          continue;
        }
        expect(grant.at).toBeGreaterThanOrEqual(Math.max(clock, before));
        expect(grant.at).toBeLessThanOrEqual(clock + aheadMsMax);
        before = grant.at;
      }
    }),
  );
});

test("a model that was idle has saved up nothing", () => {
  const late = reserve(pace({ nextAt: now }), 60, now + 600_000);
  expect(late).toMatchObject({ granted: true, at: now + 600_000 });
  expect(late.pace.nextAt).toBe(now + 601_000);
});

describe("learning from answers", () => {
  const after = (...heard: Heard[]): Pace =>
    heard.reduce((state, each) => learn(state, each, now), freshPace);
  const refused = (retryAfterMs: number | null): Heard => ({ kind: "refused", retryAfterMs });
  const faulted: Heard = { kind: "faulted" };
  const answered: Heard = { kind: "answered" };

  test.each([
    ["an answer", [answered], 0],
    ["a refusal that names a time", [refused(5_000)], now + 5_000],
    ["a refusal that names none", [refused(null)], now + refusedMs],
    ["a second one in a row", [refused(null), refused(null)], now + 2 * refusedMs],
    ["the tenth in a row", Array.from({ length: 10 }, () => refused(null)), now + 4 * refusedMs],
    ["a refusal after an answer", [refused(null), answered, refused(null)], now + refusedMs],
    ["a shorter time after a longer one", [refused(9_000), refused(10)], now + 9_000],
    ["faults, one too few", Array.from({ length: faultsToOpen - 1 }, () => faulted), 0],
    ["faults in a row", Array.from({ length: faultsToOpen }, () => faulted), now + openMs],
    [
      "faults with an answer between",
      [...Array.from({ length: faultsToOpen - 1 }, () => faulted), answered, faulted],
      0,
    ],
  ])("%s closes the model until the right time", (_, heard, closedUntil) => {
    expect(after(...heard).closedUntil).toBe(closedUntil);
  });

  test("the rate's own state is not touched", () => {
    expect(learn(pace({ nextAt: 7 }), refused(1), now).nextAt).toBe(7);
  });
});
