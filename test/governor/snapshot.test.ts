import { describe, expect, test } from "vitest";
import {
  admit,
  emptyState,
  grant,
  type LimiterState,
  record,
} from "../../consumer/governor/limiter.ts";
import { snapshot } from "../../consumer/governor/snapshot.ts";
import { governorLimits } from "../../shared/limits.ts";

const start = 1_000_000_000;
const ask = (task: string) => ({ task, requestsPerMinute: 60 });
const seen = (book: LimiterState, now: number) => snapshot(book, 60, now);

/** Calls of one task, each when its slot has come. */
function called(
  book: LimiterState,
  times: number,
  from: number,
): { book: LimiterState; now: number } {
  let state = book;
  let now = from;
  for (let n = 0; n < times; n++) {
    const answer = grant(state, ask("t"), now);
    if (!answer.permit.granted) throw new Error("it was not granted");
    state = answer.book;
    now = answer.permit.at;
  }
  return { book: state, now };
}

const troubled = (
  book: LimiterState,
  kind: "refused" | "faulted",
  times: number,
  now: number,
): LimiterState => {
  let state = book;
  const heard = kind === "refused" ? { kind, at: now, retryAfterMs: null } : { kind, at: now };
  for (let n = 0; n < times; n++) state = record(state, "t", heard, now);
  return state;
};

describe("a look at a governor", () => {
  test("that nobody has asked shows its limit and nothing used", () => {
    expect(seen(emptyState(), start)).toEqual({
      state: "serving",
      closedUntil: null,
      allowedPerMinute: 58.8,
      callsLastMinute: 0,
      callsAhead: 0,
      inProgress: 0,
      inProgressMax: 16,
      waiting: 0,
    });
  });

  test("counts the calls of the last minute, and forgets older ones", () => {
    const { book, now } = called(emptyState(), 10, start);
    expect(seen(book, now)).toMatchObject({ callsLastMinute: 10, callsAhead: 0, inProgress: 1 });
    expect(seen(book, now + 61_000).callsLastMinute).toBe(0);
    const later = called(book, 1, now + 61_000);
    expect(seen(later.book, later.now).callsLastMinute).toBe(1);
  });

  test("never shows more calls in a minute than the model allows", () => {
    const { book, now } = called(emptyState(), 200, start);
    const { callsLastMinute } = seen(book, now);
    expect(callsLastMinute).toBeLessThanOrEqual(60);
    expect(callsLastMinute).toBeGreaterThan(55);
    expect(book.pace.recent.length).toBeLessThanOrEqual(
      governorLimits.recentSeconds + governorLimits.aheadMsMax / 1_000,
    );
  });

  test("tells slots that are reserved ahead from calls that were made", () => {
    let book = emptyState();
    for (const task of ["a", "b", "c"]) book = grant(book, ask(task), start).book;
    expect(seen(book, start)).toMatchObject({ callsLastMinute: 1, callsAhead: 2, inProgress: 3 });
  });

  test("counts those that wait until they are lost", () => {
    let book = emptyState();
    for (let n = 0; n < 40; n++) book = admit(book, ask(`t${n}`), start).book;
    const { inProgress, waiting } = seen(book, start);
    expect(inProgress + waiting).toBe(40);
    expect(waiting).toBeGreaterThan(20);
    expect(seen(book, start + 10 * governorLimits.waitlistExpiryMs).waiting).toBe(0);
  });

  test("says until when a refused model is left alone, and that its reserved slots are none", () => {
    let book = emptyState();
    for (const task of ["t", "b", "c"]) book = grant(book, ask(task), start).book;
    const closed = troubled(book, "refused", 1, start);
    expect(seen(closed, start)).toMatchObject({
      state: "back_off",
      closedUntil: start + governorLimits.refusalBackOffMs,
      allowedPerMinute: 0,
      callsLastMinute: 1,
      callsAhead: 0,
    });
    expect(seen(closed, start + governorLimits.refusalBackOffMs)).toMatchObject({
      state: "serving",
      closedUntil: null,
      allowedPerMinute: 58.8,
    });
  });

  test("shows the breaker, and the one call that tries afterwards", () => {
    const { book, now } = called(emptyState(), 1, start);
    const open = troubled(book, "faulted", governorLimits.faultsToOpen, now);
    const until = now + governorLimits.openMsMin;
    expect(seen(open, now)).toMatchObject({ state: "breaker", closedUntil: until });
    expect(seen(open, until)).toMatchObject({ state: "half_open", allowedPerMinute: 0 });
    const tried = record(open, "t", { kind: "answered", at: until }, until);
    expect(seen(tried, until).state).toBe("serving");
  });

  test("names no task", () => {
    const { book, now } = called(emptyState(), 1, start);
    expect(JSON.stringify(seen(book, now))).not.toContain('"t"');
  });
});
