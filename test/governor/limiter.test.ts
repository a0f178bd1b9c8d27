import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  emptyState,
  grant,
  type LimiterAnswer,
  type LimiterState,
  type Permit,
} from "../../consumer/governor/limiter.ts";
import { intervalOf } from "../../consumer/governor/pace.ts";
import { governorLimits } from "../../shared/limits.ts";
import { admit, record, refill, release } from "./limiter_steps.ts";

const start = 1_000_000;
const requestOf = (task: string, requestsPerMinute = 60) => ({ task, requestsPerMinute });

/** The decisions for several tasks, one after another at one moment. */
function decideEach(
  before: LimiterState,
  tasks: readonly string[],
  decide: (state: LimiterState, task: string) => LimiterAnswer,
): { state: LimiterState; permits: Permit[] } {
  const permits: Permit[] = [];
  let state = before;
  for (const task of tasks) {
    const decision = decide(state, task);
    state = decision.state;
    permits.push(decision.permit);
  }
  return { state, permits };
}

const admitAt = (now: number, rate?: number) => (state: LimiterState, task: string) =>
  admit(state, requestOf(task, rate), now);
const names = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);
const countGranted = (permits: readonly Permit[]) =>
  permits.filter(({ granted }) => granted).length;

describe("slots", () => {
  test("their number follows from the rate and the cycle of a task", () => {
    const max = (rate: number, cycleMs: number) => {
      const { slots } = emptyState();
      slots.cycleMs = cycleMs;
      return slots.max(intervalOf(rate));
    };
    expect([max(20, 10_000), max(300, 10_000), max(20, 60_000), max(1, 1_000)]).toEqual([
      5, 83, 21, 1,
    ]);
  });

  test("their number is not exceeded by many tasks at once", () => {
    const { permits } = decideEach(emptyState(), names(500), admitAt(start));
    const max = emptyState().slots.max(intervalOf(60));
    expect(countGranted(permits)).toBeGreaterThan(0);
    expect(countGranted(permits)).toBeLessThanOrEqual(max);
  });

  test("the slot of a crashed task expires", () => {
    const { state } = admit(emptyState(), requestOf("crashed", 1), start);
    const expiry = start + governorLimits.slotMs;
    expect(admit(state, requestOf("next", 1), expiry - 1).permit.granted).toBe(false);
    expect(admit(state, requestOf("next", 1), expiry).permit.granted).toBe(true);
  });

  test("a task that comes back keeps its slot and takes no second one", () => {
    const first = admit(emptyState(), requestOf("a", 1), start);
    const second = admit(first.state, requestOf("a", 1), start + 50_000);
    expect(first.permit).toMatchObject({ granted: true, isNew: true });
    expect(second.permit).toMatchObject({ granted: true, isNew: false });
    expect(second.state.slots.countAt(start)).toBe(1);
  });

  test("a freed slot goes to the next task", () => {
    const first = admit(emptyState(), requestOf("a", 1), start);
    const next = admit(release(first.state, "a", start + 1), requestOf("b", 1), start + 2);
    expect(next.permit.granted).toBe(true);
  });

  test("a slower model gets more slots", () => {
    let state = emptyState();
    let now = start;
    for (let n = 0; n < 60; n++) {
      const granted = grant(state, requestOf("a"), now);
      now += 40_000;
      state = record(granted.state, "a", { kind: "answered", at: start }, now);
    }
    expect(state.slots.max(intervalOf(60))).toBeGreaterThan(35);
  });
});

describe("the waitlist", () => {
  const fullState = () => admit(emptyState(), requestOf("a", 1), start).state;

  test("a free slot goes to the first of the tasks that are due", () => {
    const { state } = decideEach(fullState(), ["b", "c"], admitAt(start, 1));
    const due = start + governorLimits.retryMsMin;
    const free = release(state, "a", due);
    expect(admit(free, requestOf("c", 1), due).permit.granted).toBe(false);
    expect(admit(free, requestOf("b", 1), due).permit.granted).toBe(true);
  });

  test("a free slot is not reserved for a late task", () => {
    const { state } = decideEach(fullState(), ["b", "c"], admitAt(start, 1));
    const late = start + governorLimits.retryMsMin + governorLimits.dueLateMs;
    expect(admit(release(state, "a", late), requestOf("c", 1), late).permit.granted).toBe(true);
  });

  test("later tasks wait longer, up to the maximum", () => {
    const { permits } = decideEach(
      fullState(),
      names(governorLimits.waitlistMin),
      admitAt(start, 1),
    );
    const waits = permits.map((permit) => (permit.granted ? 0 : permit.until - start));
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBeLessThanOrEqual(governorLimits.retryMsMax);
    expect(waits.at(0)).toBe(governorLimits.retryMsMin);
  });

  test("a worker that has just ended a task continues before those that wait", () => {
    const { state } = decideEach(fullState(), ["b", "c"], admitAt(start, 1));
    const due = start + governorLimits.retryMsMin;
    expect(refill(release(state, "a", due), requestOf("a", 1), due).permit.granted).toBe(true);
  });

  test("more messages than may be needed are surplus", () => {
    const many = names(governorLimits.waitlistMin + 10);
    const { state, permits } = decideEach(fullState(), many, admitAt(start, 1));
    expect(state.waitlist.size).toBe(governorLimits.waitlistMin);
    const surplus = permits.filter((permit) => !permit.granted && permit.isSurplus);
    expect(surplus).toHaveLength(10);
  });
});

describe("a closed model", () => {
  const refusal = { kind: "refused", at: start, retryAfterMs: 3_600_000 } as const;

  test("keeps the slots of its tasks until it opens, and calls them one after another", () => {
    const started = decideEach(emptyState(), ["a", "b"], (state, task) =>
      grant(state, requestOf(task, 20), start),
    );
    const closed = record(started.state, "a", refusal, start);
    const { state, permits } = decideEach(closed, ["b", "a"], (before, task) =>
      grant(before, requestOf(task, 20), start + 30_000),
    );
    const opening = start + 3_600_000;
    const waits = permits.map((permit) => (permit.granted ? 0 : permit.until - opening));
    expect(waits[1]).toBe(0);
    expect(waits[0]).toBeGreaterThan(3_000);
    expect(grant(state, requestOf("a", 20), opening).permit).toMatchObject({
      granted: true,
      at: opening,
    });
  });

  test("admits no new task", () => {
    const closed = record(emptyState(), "x", refusal, start);
    expect(admit(closed, requestOf("new"), start + 1).permit).toEqual({
      granted: false,
      until: start + 3_600_000,
      isSurplus: false,
    });
  });
});

test("a task without a slot does not call before those that wait for one", () => {
  const { state } = admit(emptyState(), requestOf("a", 1), start);
  expect(grant(state, requestOf("from another model", 1), start).permit.granted).toBe(false);
});

/** What several consumers do, in any order. */
const actions = fc.array(
  fc.record({
    task: fc.integer({ min: 0, max: 30 }).map((n) => `t${n}`),
    kind: fc.constantFrom("admit", "grant", "grant", "answered", "refused", "faulted", "release"),
    gapMs: fc.integer({ min: 0, max: 3_000 }),
  }),
  { minLength: 1, maxLength: 300 },
);

test("the rate, the slots and the horizon hold for any order of requests", () => {
  fc.assert(
    fc.property(fc.constantFrom(20, 300), actions, (rate, sequence) => {
      let state = emptyState();
      let now = start;
      const calls: number[] = [];
      for (const { task, kind, gapMs } of sequence) {
        now += gapMs;
        const before = state.slots.countAt(now);
        if (kind === "release") state = release(state, task, now);
        else if (kind === "admit" || kind === "grant") {
          const decision = (kind === "admit" ? admit : grant)(state, requestOf(task, rate), now);
          state = decision.state;
          if (!decision.permit.granted) {
            expect(decision.permit.until).toBeGreaterThanOrEqual(now);
            continue;
          }
          expect(decision.permit.at).toBeLessThanOrEqual(now + governorLimits.aheadMsMax);
          if (kind === "grant") calls.push(decision.permit.at);
        } else {
          const time = calls.at(-1) ?? start;
          state = record(state, task, { kind, at: time, retryAfterMs: 2_000 }, now);
        }
        const max = state.slots.max(intervalOf(rate));
        expect(state.slots.countAt(now)).toBeLessThanOrEqual(Math.max(before, max));
      }
      calls.sort((a, b) => a - b);
      for (const [n, at] of calls.entries()) {
        const later = calls[n + rate];
        if (later !== undefined) expect(later - at).toBeGreaterThan(60_000);
      }
    }),
  );
});
