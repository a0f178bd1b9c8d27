import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  freshPace,
  learn,
  type Observation,
  type Pace,
  reserve,
  stands,
} from "../../consumer/governor/pace.ts";
import { governorLimits } from "../../shared/limits.ts";

const now = 1_000_000;
const pace = (more: Partial<Pace>): Pace => ({ ...freshPace, ...more });
const { aheadMsMax, refusalBackOffMs: refusedMs, faultsToOpen, openMsMin, openMsMax, probeMs, probeWaitMs } =
  governorLimits;

describe("reserving a slot", () => {
  test("a fresh model is called at once, the next call one interval later", () => {
    const first = reserve(freshPace, 60, now);
    expect(first).toMatchObject({ granted: true, at: now });
    const second = reserve(first.pace, 60, now);
    expect(second.granted && second.at - now).toBeCloseTo(1_000 / governorLimits.rateShare);
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
    expect(refusal).toEqual({ granted: false, until: now + 20_000, pace: before });
  });

  test("after a closing the rate goes on, and what was not used is not made up for", () => {
    const first = reserve(pace({ nextAt: now - 50_000, closedUntil: now + 1 }), 60, now + 1);
    const second = reserve(first.pace, 60, now + 1);
    expect(second.granted && second.at - (now + 1)).toBeGreaterThanOrEqual(1_000);
  });

  test("a model that was idle has saved up nothing", () => {
    const late = reserve(pace({ nextAt: now }), 60, now + 600_000);
    expect(late).toMatchObject({ granted: true, at: now + 600_000 });
    expect(late.pace.nextAt).toBeGreaterThanOrEqual(now + 601_000);
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
        const inMinute = times.filter((at) => at >= from && at < from + 60_000);
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

const refused = (retryAfterMs: number | null, at = now): Observation => ({
  kind: "refused",
  at,
  retryAfterMs,
});
const faulted: Observation = { kind: "faulted", at: now };
const answered: Observation = { kind: "answered", at: now };
const faults = (count: number): Observation[] => Array.from({ length: count }, () => faulted);

describe("learning from answers", () => {
  const heardBy = (...heard: Observation[]): Pace =>
    heard.reduce((state, each) => learn(state, each, now), freshPace);

  test.each([
    ["an answer", [answered], 0],
    ["a refusal that names a time", [refused(5_000)], now + 5_000],
    ["a refusal that names none", [refused(null)], now + refusedMs],
    ["a second one in a row", [refused(null), refused(null)], now + 2 * refusedMs],
    ["the tenth in a row", Array.from({ length: 10 }, () => refused(null)), now + 4 * refusedMs],
    ["a refusal after an answer", [refused(null), answered, refused(null)], now + refusedMs],
    ["a shorter time after a longer one", [refused(9_000), refused(10)], now + 9_000],
    ["the refusal of an older call", [refused(null), refused(null, now - 1)], now + refusedMs],
    [
      "the refusal of an older call that names a longer time",
      [refused(1_000), refused(7_000, now - 1)],
      now + 7_000,
    ],
    ["faults, one too few", faults(faultsToOpen - 1), 0],
    ["faults in a row", faults(faultsToOpen), now + openMsMin],
    ["faults with an answer between", [...faults(faultsToOpen - 1), answered, faulted], 0],
  ])("%s closes the model until the right time", (_, heard, closedUntil) => {
    expect(heardBy(...heard).closedUntil).toBe(closedUntil);
  });

  test("an older call's answer does not undo a closing, and its fault does not count", () => {
    const closed = heardBy(refused(null));
    expect(learn(closed, { kind: "answered", at: now - 1 }, now)).toBe(closed);
    expect(learn(closed, { kind: "faulted", at: now - 1 }, now)).toBe(closed);
  });

  test("the rate's own state is not touched", () => {
    expect(learn(pace({ nextAt: 7 }), refused(1), now).nextAt).toBe(7);
  });

  test("a slot reserved ahead stands until the model is closed", () => {
    const first = reserve(pace({ nextAt: now + 5_000 }), 60, now);
    const at = first.granted ? first.at : 0;
    expect(stands(first.pace, at, at)).toBeNull();
    expect(stands(learn(first.pace, refused(60_000), now + 1), at, at)).toEqual({
      until: now + 60_001,
    });
  });
});

describe("a breaker that is half open", () => {
  const opened = faults(faultsToOpen).reduce((state, each) => learn(state, each, now), freshPace);
  const later = opened.closedUntil;
  const probe = reserve(opened, 60, later);

  test("lets one call through, and the others wait for what it finds", () => {
    expect(probe).toMatchObject({ granted: true, at: later });
    expect(reserve(probe.pace, 60, later + 1)).toMatchObject({
      granted: false,
      until: later + 1 + probeWaitMs,
    });
    expect(stands(probe.pace, later, later + 1)).toBeNull();
    expect(stands(probe.pace, later + 9, later + 9)).not.toBeNull();
  });

  test("closes when the call succeeds", () => {
    const closed = learn(probe.pace, { kind: "answered", at: later }, later + 2);
    expect(reserve(closed, 60, later + 2).granted).toBe(true);
    expect(reserve(reserve(closed, 60, later + 2).pace, 60, later + 2).granted).toBe(true);
  });

  test("opens for twice as long each time the call fails, up to a bound", () => {
    let state = opened;
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      const at = state.closedUntil;
      const tried = reserve(state, 60, at);
      state = learn(tried.pace, { kind: "faulted", at }, at);
      waits.push(state.closedUntil - at);
    }
    expect(waits.slice(0, 3)).toEqual([2 * openMsMin, 4 * openMsMin, 8 * openMsMin]);
    expect(waits.at(-1)).toBe(openMsMax);
  });

  test("tries again when nothing is heard of the call", () => {
    expect(reserve(probe.pace, 60, later + probeMs).granted).toBe(true);
  });

  test("also tries a model that refused twice in a row", () => {
    const twice = learn(learn(freshPace, refused(1_000), now), refused(1_000), now + 1);
    const tried = reserve(twice, 60, twice.closedUntil);
    expect([tried.granted, reserve(tried.pace, 60, twice.closedUntil).granted]).toEqual([
      true,
      false,
    ]);
  });
});
