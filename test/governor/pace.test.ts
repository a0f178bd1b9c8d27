import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  blockedUntil,
  initialPace,
  type Observation,
  observe,
  type Pace,
  reserve,
} from "../../consumer/governor/pace.ts";
import { governorLimits } from "../../shared/limits.ts";

const now = 1_000_000;
const pace = (overrides: Partial<Pace>): Pace => ({ ...initialPace, ...overrides });
const {
  aheadMsMax,
  refusalBackOffMs: refusedMs,
  faultsToOpen,
  openMsMin,
  openMsMax,
  probeMs,
  probeWaitMs,
} = governorLimits;

describe("a reservation", () => {
  test("the first call is granted at once, the next one interval later", () => {
    const first = reserve(initialPace, 60, now);
    expect(first).toMatchObject({ granted: true, at: now });
    const second = reserve(first.pace, 60, now);
    expect(second.granted && second.at - now).toBeCloseTo(1_000 / governorLimits.rateShare);
  });

  test.each([
    ["a call at the horizon", pace({ nextAt: now + aheadMsMax }), true],
    ["a call beyond the horizon", pace({ nextAt: now + aheadMsMax + 1 }), false],
    ["a call of a model that is closed for long", pace({ closedUntil: now + 60_000 }), false],
    ["a call of a model that opens soon", pace({ closedUntil: now + 500 }), true],
  ])("%s is granted: %j", (_, before, granted) => {
    expect(reserve(before, 20, now).granted).toBe(granted);
  });

  test("a rejection names the time to come back and reserves nothing", () => {
    const before = pace({ nextAt: now + 20_000 });
    const refusal = reserve(before, 20, now);
    expect(refusal).toEqual({ granted: false, until: now + 20_000, pace: before });
  });

  test("calls missed while the model was closed are not made up for", () => {
    const first = reserve(pace({ nextAt: now - 50_000, closedUntil: now + 1 }), 60, now + 1);
    const second = reserve(first.pace, 60, now + 1);
    expect(second.granted && second.at - (now + 1)).toBeGreaterThanOrEqual(1_000);
  });

  test("an idle model saves up no calls", () => {
    const late = reserve(pace({ nextAt: now }), 60, now + 600_000);
    expect(late).toMatchObject({ granted: true, at: now + 600_000 });
    expect(late.pace.nextAt).toBeGreaterThanOrEqual(now + 601_000);
  });
});

const rates = fc.integer({ min: 1, max: 1_000 });
const arrivals = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 200 });

/** The times of the calls that are granted for requests with these gaps. */
function grantedTimes(rate: number, gaps: readonly number[]): number[] {
  const times: number[] = [];
  let state = initialPace;
  let clock = now;
  for (const gap of gaps) {
    clock += gap;
    const grant = reserve(state, rate, clock);
    state = grant.pace;
    if (grant.granted) times.push(grant.at);
  }
  return times;
}

test("no minute has more calls than the rate allows", () => {
  fc.assert(
    fc.property(rates, arrivals, (rate, gaps) => {
      const times = grantedTimes(rate, gaps);
      for (const from of times) {
        const inMinute = times.filter((time) => time >= from && time < from + 60_000);
        expect(inMinute.length).toBeLessThanOrEqual(rate);
      }
    }),
  );
});

test("calls are granted in order, not before their request and not beyond the horizon", () => {
  fc.assert(
    fc.property(rates, arrivals, (rate, gaps) => {
      let state = initialPace;
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

const refusedAt = (retryAfterMs: number | null, time = now): Observation => ({
  kind: "refused",
  at: time,
  retryAfterMs,
});
const faulted: Observation = { kind: "faulted", at: now };
const answer: Observation = { kind: "answered", at: now };
const faults = (count: number): Observation[] => Array.from({ length: count }, () => faulted);

describe("outcomes", () => {
  const paceAfter = (...observations: Observation[]): Pace =>
    observations.reduce((state, observation) => observe(state, observation, now), initialPace);

  test.each([
    ["a reply", [answer], 0],
    ["a refusal that names a time", [refusedAt(5_000)], now + 5_000],
    ["a refusal that names none", [refusedAt(null)], now + refusedMs],
    ["a second refusal in a row", [refusedAt(null), refusedAt(null)], now + 2 * refusedMs],
    [
      "the tenth refusal in a row",
      Array.from({ length: 10 }, () => refusedAt(null)),
      now + 4 * refusedMs,
    ],
    ["a refusal after a reply", [refusedAt(null), answer, refusedAt(null)], now + refusedMs],
    ["a shorter time after a longer one", [refusedAt(9_000), refusedAt(10)], now + 9_000],
    ["the refusal of an older call", [refusedAt(null), refusedAt(null, now - 1)], now + refusedMs],
    [
      "the refusal of an older call that names a longer time",
      [refusedAt(1_000), refusedAt(7_000, now - 1)],
      now + 7_000,
    ],
    ["too few faults", faults(faultsToOpen - 1), 0],
    ["faults in a row", faults(faultsToOpen), now + openMsMin],
    ["faults with a reply between them", [...faults(faultsToOpen - 1), answer, faulted], 0],
  ])("%s: the model is closed until the right time", (_, observations, closedUntil) => {
    expect(paceAfter(...observations).closedUntil).toBe(closedUntil);
  });

  test("outdated replies and faults change nothing", () => {
    const closed = paceAfter(refusedAt(null));
    expect(observe(closed, { kind: "answered", at: now - 1 }, now)).toBe(closed);
    expect(observe(closed, { kind: "faulted", at: now - 1 }, now)).toBe(closed);
  });

  test("the rate does not change", () => {
    expect(observe(pace({ nextAt: 7 }), refusedAt(1), now).nextAt).toBe(7);
  });

  test("a call reserved ahead is valid until the model closes", () => {
    const first = reserve(pace({ nextAt: now + 5_000 }), 60, now);
    const time = first.granted ? first.at : 0;
    expect(blockedUntil(first.pace, time, time)).toBeNull();
    expect(blockedUntil(observe(first.pace, refusedAt(60_000), now + 1), time, time)).toBe(
      now + 60_001,
    );
  });
});

describe("a half-open breaker", () => {
  const opened = faults(faultsToOpen).reduce(
    (state, each) => observe(state, each, now),
    initialPace,
  );
  const later = opened.closedUntil;
  const probe = reserve(opened, 60, later);

  test("grants one call as a probe, and the others wait for its outcome", () => {
    expect(probe).toMatchObject({ granted: true, at: later });
    expect(reserve(probe.pace, 60, later + 1)).toMatchObject({
      granted: false,
      until: later + 1 + probeWaitMs,
    });
    expect(blockedUntil(probe.pace, later, later + 1)).toBeNull();
    expect(blockedUntil(probe.pace, later + 9, later + 9)).not.toBeNull();
  });

  test("closes when the probe succeeds", () => {
    const closed = observe(probe.pace, { kind: "answered", at: later }, later + 2);
    expect(reserve(closed, 60, later + 2).granted).toBe(true);
    expect(reserve(reserve(closed, 60, later + 2).pace, 60, later + 2).granted).toBe(true);
  });

  test("opens for twice as long each time the probe fails, up to a maximum", () => {
    let state = opened;
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      const time = state.closedUntil;
      const attempt = reserve(state, 60, time);
      state = observe(attempt.pace, { kind: "faulted", at: time }, time);
      waits.push(state.closedUntil - time);
    }
    expect(waits.slice(0, 3)).toEqual([2 * openMsMin, 4 * openMsMin, 8 * openMsMin]);
    expect(waits.at(-1)).toBe(openMsMax);
  });

  test("probes again when the probe has no outcome", () => {
    expect(reserve(probe.pace, 60, later + probeMs).granted).toBe(true);
  });

  test("also probes a model that refused two calls in a row", () => {
    const afterTwoRefusals = observe(
      observe(initialPace, refusedAt(1_000), now),
      refusedAt(1_000),
      now + 1,
    );
    const attempt = reserve(afterTwoRefusals, 60, afterTwoRefusals.closedUntil);
    expect([
      attempt.granted,
      reserve(attempt.pace, 60, afterTwoRefusals.closedUntil).granted,
    ]).toEqual([true, false]);
  });
});
