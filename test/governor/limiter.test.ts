import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admit,
  emptyState,
  grant,
  type LimiterAnswer,
  type LimiterState,
  type Permit,
  record,
  release,
} from "../../consumer/governor/limiter.ts";
import { intervalOf } from "../../consumer/governor/pace.ts";
import { placesMax } from "../../consumer/governor/slots.ts";
import { governorLimits } from "../../shared/limits.ts";

const start = 1_000_000;
const ask = (task: string, requestsPerMinute = 60) => ({ task, requestsPerMinute });

/** Whoever asks, one after the other at one moment. */
function each(
  book: LimiterState,
  tasks: readonly string[],
  what: (book: LimiterState, task: string) => LimiterAnswer,
): { book: LimiterState; permits: Permit[] } {
  const permits: Permit[] = [];
  let state = book;
  for (const task of tasks) {
    const answer = what(state, task);
    state = answer.book;
    permits.push(answer.permit);
  }
  return { book: state, permits };
}

const names = (count: number, prefix = "t") => Array.from({ length: count }, (_, n) => prefix + n);
const grantedIn = (permits: readonly Permit[]) => permits.filter(({ granted }) => granted).length;

describe("places", () => {
  test("follow from the rate: as many tasks as keep its slots taken some seconds ahead", () => {
    const max = (rate: number, cycleMs: number) =>
      placesMax({ ...emptyState().places, cycleMs }, intervalOf(rate));
    expect([max(20, 10_000), max(300, 10_000), max(20, 60_000), max(1, 1_000)]).toEqual([
      5, 83, 21, 1,
    ]);
  });

  test("are not exceeded by any number of tasks that come at once", () => {
    const { permits } = each(emptyState(), names(500), (book, task) =>
      admit(book, ask(task), start),
    );
    const max = placesMax(emptyState().places, intervalOf(60));
    expect(grantedIn(permits)).toBeGreaterThan(0);
    expect(grantedIn(permits)).toBeLessThanOrEqual(max);
  });

  test("a crashed task's place is free again when it gave no sign of life for long enough", () => {
    const slow = (book: LimiterState, task: string, at: number) => admit(book, ask(task, 1), at);
    const { book } = slow(emptyState(), "crashed", start);
    expect(slow(book, "next", start + governorLimits.slotMs - 1).permit.granted).toBe(false);
    expect(slow(book, "next", start + governorLimits.slotMs).permit.granted).toBe(true);
  });

  test("a task that comes back has its place still, and takes no second one", () => {
    const first = admit(emptyState(), ask("a", 1), start);
    const again = admit(first.book, ask("a", 1), start + 50_000);
    expect(first.permit).toMatchObject({ granted: true, fresh: true });
    expect(again.permit).toMatchObject({ granted: true, fresh: false });
    expect(again.book.places.held).toHaveLength(1);
  });

  test("a place that is given up goes to the next", () => {
    const first = admit(emptyState(), ask("a", 1), start);
    const next = admit(release(first.book, "a", start + 1), ask("b", 1), start + 2);
    expect(next.permit.granted).toBe(true);
  });

  test("a model that takes longer to answer has more tasks in progress", () => {
    let book = emptyState();
    let now = start;
    for (let n = 0; n < 60; n++) {
      const granted = grant(book, ask("a"), now);
      now += 40_000;
      book = record(granted.book, "a", { kind: "answered", at: start }, now);
    }
    expect(placesMax(book.places, intervalOf(60))).toBeGreaterThan(35);
  });
});

describe("the line", () => {
  const full = () => admit(emptyState(), ask("a", 1), start).book;

  test("a free place goes to whoever came first among those that are due", () => {
    const { book } = each(full(), ["b", "c"], (state, task) => admit(state, ask(task, 1), start));
    const due = start + governorLimits.retryMsMin;
    const free = release(book, "a", due);
    expect(admit(free, ask("c", 1), due).permit.granted).toBe(false);
    expect(admit(free, ask("b", 1), due).permit.granted).toBe(true);
  });

  test("a place does not wait for one that is late", () => {
    const { book } = each(full(), ["b", "c"], (state, task) => admit(state, ask(task, 1), start));
    const late = start + governorLimits.retryMsMin + governorLimits.dueLateMs;
    expect(admit(release(book, "a", late), ask("c", 1), late).permit.granted).toBe(true);
  });

  test("whoever stands further back is told to come later, but not for ever", () => {
    const { permits } = each(full(), names(9_000), (state, task) =>
      admit(state, ask(task, 1), start),
    );
    const times = permits.map((each) => (each.granted ? 0 : each.until - start));
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(times.at(-1)).toBeLessThanOrEqual(governorLimits.retryMsMax);
    expect(times.at(0)).toBe(governorLimits.retryMsMin);
  });

  test("holds no more than it may, and those beyond are told a time all the same", () => {
    const many = names(governorLimits.waitlistMax + 10);
    const { book, permits } = each(full(), many, (state, task) =>
      admit(state, ask(task, 1), start),
    );
    expect(book.line.size).toBe(governorLimits.waitlistMax);
    expect(permits.at(-1)).toMatchObject({ granted: false });
  });
});

describe("a closed model", () => {
  const refused = { kind: "refused", at: start, retryAfterMs: 3_600_000 } as const;

  test("keeps the places of its tasks until it opens, and calls them one after the other", () => {
    const begun = each(emptyState(), ["a", "b"], (book, task) => grant(book, ask(task, 20), start));
    const closed = record(begun.book, "a", refused, start);
    const { book, permits } = each(closed, ["b", "a"], (state, task) =>
      grant(state, ask(task, 20), start + 30_000),
    );
    const until = permits.map((each) => (each.granted ? 0 : each.until - start - 3_600_000));
    expect(until[1]).toBe(0);
    expect(until[0]).toBeGreaterThan(3_000);
    const opened = start + 3_600_000;
    expect(grant(book, ask("a", 20), opened).permit).toMatchObject({ granted: true, at: opened });
  });

  test("admits no new task meanwhile", () => {
    const closed = record(emptyState(), "x", refused, start);
    expect(admit(closed, ask("new"), start + 1).permit).toEqual({
      granted: false,
      until: start + 3_600_000,
    });
  });
});

test("a task that was never admitted does not call past those that were", () => {
  const { book } = admit(emptyState(), ask("a", 1), start);
  expect(grant(book, ask("from another model", 1), start).permit.granted).toBe(false);
});

/** What consumers do, in any order: several of them, each with tasks of its own. */
const deeds = fc.array(
  fc.record({
    task: fc.integer({ min: 0, max: 30 }).map((n) => `t${n}`),
    deed: fc.constantFrom("admit", "permit", "permit", "answered", "refused", "faulted", "leave"),
    gapMs: fc.integer({ min: 0, max: 3_000 }),
  }),
  { minLength: 1, maxLength: 300 },
);

test("however many consumers ask in whatever order: the rate, the places and the horizon hold", () => {
  fc.assert(
    fc.property(fc.constantFrom(20, 300), deeds, (rate, done) => {
      let book = emptyState();
      let now = start;
      const slots: number[] = [];
      for (const { task, deed, gapMs } of done) {
        now += gapMs;
        const before = book.places.held.length;
        if (deed === "leave") book = release(book, task, now);
        else if (deed === "admit" || deed === "permit") {
          const answer = (deed === "admit" ? admit : grant)(book, ask(task, rate), now);
          book = answer.book;
          if (!answer.permit.granted) {
            expect(answer.permit.until).toBeGreaterThanOrEqual(now);
            continue;
          }
          expect(answer.permit.at).toBeLessThanOrEqual(now + governorLimits.aheadMsMax);
          if (deed === "permit") slots.push(answer.permit.at);
        } else {
          const at = slots.at(-1) ?? start;
          book = record(book, task, { kind: deed, at, retryAfterMs: 2_000 }, now);
        }
        const max = placesMax(book.places, intervalOf(rate));
        expect(book.places.held.length).toBeLessThanOrEqual(Math.max(before, max));
      }
      slots.sort((a, b) => a - b);
      for (const [n, at] of slots.entries()) {
        const later = slots[n + rate];
        if (later !== undefined) expect(later - at).toBeGreaterThan(60_000);
      }
    }),
  );
});
