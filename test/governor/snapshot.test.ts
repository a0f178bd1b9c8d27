import { describe, expect, test } from "vitest";
import { emptyState, grant, type LimiterState } from "../../consumer/governor/limiter.ts";
import { snapshot } from "../../consumer/governor/snapshot.ts";
import { governorLimits } from "../../shared/limits.ts";
import { admit, record } from "./limiter_steps.ts";

const start = 1_000_000_000;
const requestOf = (task: string) => ({ task, requestsPerMinute: 60 });
const snapshotOf = (state: LimiterState, now: number) => snapshot(state, 60, now);

/** Calls of one task, each at its granted time. */
function afterCalls(
  before: LimiterState,
  count: number,
  from: number,
): { state: LimiterState; now: number } {
  let state = before;
  let now = from;
  for (let n = 0; n < count; n++) {
    const decision = grant(state, requestOf("t"), now);
    if (!decision.permit.granted) throw new Error("the call was not granted");
    state = decision.state;
    now = decision.permit.at;
  }
  return { state, now };
}

function afterFailures(
  before: LimiterState,
  kind: "refused" | "faulted",
  count: number,
  now: number,
): LimiterState {
  let state = before;
  const observation =
    kind === "refused" ? { kind, at: now, retryAfterMs: null } : { kind, at: now };
  for (let n = 0; n < count; n++) state = record(state, "t", observation, now);
  return state;
}

/** After one granted call of each task. */
function withCallsOf(tasks: readonly string[]): LimiterState {
  let state = emptyState();
  for (const task of tasks) state = grant(state, requestOf(task), start).state;
  return state;
}

describe("the snapshot of a governor", () => {
  test("shows its limit and no use before the first request", () => {
    expect(snapshotOf(emptyState(), start)).toEqual({
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

  test("counts only the calls of the last minute", () => {
    const { state, now } = afterCalls(emptyState(), 10, start);
    expect(snapshotOf(state, now)).toMatchObject({
      callsLastMinute: 10,
      callsAhead: 0,
      inProgress: 1,
    });
    expect(snapshotOf(state, now + 61_000).callsLastMinute).toBe(0);
    const later = afterCalls(state, 1, now + 61_000);
    expect(snapshotOf(later.state, later.now).callsLastMinute).toBe(1);
  });

  test("never shows more calls per minute than the limit", () => {
    const { state, now } = afterCalls(emptyState(), 200, start);
    const { callsLastMinute } = snapshotOf(state, now);
    expect(callsLastMinute).toBeLessThanOrEqual(60);
    expect(callsLastMinute).toBeGreaterThan(55);
    expect(state.pace.recent.length).toBeLessThanOrEqual(
      governorLimits.recentSeconds + governorLimits.aheadMsMax / 1_000,
    );
  });

  test("counts calls that are reserved ahead separately", () => {
    expect(snapshotOf(withCallsOf(["a", "b", "c"]), start)).toMatchObject({
      callsLastMinute: 1,
      callsAhead: 2,
      inProgress: 3,
    });
  });

  test("counts waiting tasks until they are lost", () => {
    let state = emptyState();
    for (let n = 0; n < 25; n++) state = admit(state, requestOf(`t${n}`), start).state;
    const { inProgress, waiting } = snapshotOf(state, start);
    expect(inProgress + waiting).toBe(25);
    expect(waiting).toBeGreaterThan(10);
    expect(snapshotOf(state, start + 10 * governorLimits.waitlistExpiryMs).waiting).toBe(0);
  });

  test("shows until when a refused model backs off, without its reserved calls", () => {
    const closed = afterFailures(withCallsOf(["t", "b", "c"]), "refused", 1, start);
    expect(snapshotOf(closed, start)).toMatchObject({
      state: "back_off",
      closedUntil: start + governorLimits.refusalBackOffMs,
      allowedPerMinute: 0,
      callsLastMinute: 1,
      callsAhead: 0,
    });
    expect(snapshotOf(closed, start + governorLimits.refusalBackOffMs)).toMatchObject({
      state: "serving",
      closedUntil: null,
      allowedPerMinute: 58.8,
    });
  });

  test("shows the open breaker and then the probe", () => {
    const { state, now } = afterCalls(emptyState(), 1, start);
    const open = afterFailures(state, "faulted", governorLimits.faultsToOpen, now);
    const until = now + governorLimits.openMsMin;
    expect(snapshotOf(open, now)).toMatchObject({ state: "breaker", closedUntil: until });
    expect(snapshotOf(open, until)).toMatchObject({ state: "half_open", allowedPerMinute: 0 });
    const closed = record(open, "t", { kind: "answered", at: until }, until);
    expect(snapshotOf(closed, until).state).toBe("serving");
  });

  test("names no task", () => {
    const { state, now } = afterCalls(emptyState(), 1, start);
    expect(JSON.stringify(snapshotOf(state, now))).not.toContain('"t"');
  });
});
