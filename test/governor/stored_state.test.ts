import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyState, grant, type LimiterState } from "../../consumer/governor/limiter.ts";
import {
  restoreState,
  rowToStore,
  type StoredState,
} from "../../consumer/governor/stored_state.ts";
import { governorLimits } from "../../shared/limits.ts";
import { admit, record, release } from "./limiter_steps.ts";

const start = 1_000_000_000;
const requestOf = (task: string) => ({ task, requestsPerMinute: 60 });

/** The state after calls of these tasks, and the row that was stored last. */
function afterCalls(tasks: readonly string[]): { state: LimiterState; row: StoredState } {
  let state = emptyState();
  let row: StoredState | null = null;
  for (const task of tasks) {
    state = grant(state, requestOf(task), start).state;
    row = rowToStore(state, row, start) ?? row;
  }
  if (row === null) throw new Error("nothing was stored");
  return { state, row };
}

describe("a governor that lost its memory", () => {
  test("grants no call before the last one that it granted, whenever it was lost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), (count) => {
        const { state, row } = afterCalls(Array.from({ length: count }, (_, n) => `t${n}`));
        const later = grant(restoreState(row, start), requestOf("t0"), start).permit;
        const at = later.granted ? later.at : later.until;
        expect(at).toBeGreaterThanOrEqual(state.pace.nextAt);
        expect(at).toBeLessThanOrEqual(state.pace.nextAt + governorLimits.storedAheadMs + 1);
      }),
    );
  });

  test("counts the tasks in progress, which take their slots again with their next request", () => {
    const { row } = afterCalls(["a", "b", "c"]);
    const now = start + 20_000;
    const state = restoreState({ ...row, slots: { ...row.slots, count: 3 } }, now);
    expect(state.slots.countAt(now)).toBe(3);
    expect(grant(state, requestOf("a"), now).permit).toMatchObject({ granted: true, isNew: false });
    release(state, "b", now);
    expect(state.slots.countAt(now)).toBe(2);
    expect(state.slots.countAt(now + governorLimits.slotMs)).toBe(1);
  });

  test("stays closed", () => {
    const refused = { kind: "refused", at: start, retryAfterMs: 3_600_000 } as const;
    const row = rowToStore(record(emptyState(), "a", refused, start), null, start);
    const { permit } = admit(restoreState(row, start + 1), requestOf("b"), start + 1);
    expect(permit).toMatchObject({ granted: false, until: start + 3_600_000 });
  });
});

test("a row that an older version stored, with its slots, is read", () => {
  const stored = { pace: { nextAt: start + 5 }, places: { held: [] } } as unknown as StoredState;
  const state = restoreState(stored, start);
  expect([state.pace.nextAt, state.pace.refusals, state.slots.countAt(start)]).toEqual([
    start + 5,
    0,
    0,
  ]);
});

test("calls within the stored time and faults that close nothing store no row", () => {
  const { state, row } = afterCalls(["a"]);
  const more = grant(state, requestOf("b"), start).state;
  expect(rowToStore(more, row, start)).toBeNull();
  const fault = record(more, "a", { kind: "faulted", at: start }, start);
  expect(rowToStore(fault, row, start)).toBeNull();
});
