/**
 * What a governor stores, as values: a row of a few hundred bytes, at most once in `storedAheadMs` while it
 * grants calls, and when a model closes or opens. A call is granted only up to a stored time, so a governor
 * that lost its memory grants none twice: it continues at that time, which costs a few seconds of its rate.
 */
import { governorLimits } from "../../shared/limits.ts";
import { emptyState, type LimiterState } from "./limiter.ts";
import { initialPace, type Pace } from "./pace.ts";
import { Slots, type StoredSlots } from "./slots.ts";

export interface StoredState {
  /** `nextAt` is the time up to which calls may be granted before the state is stored again. */
  pace: Omit<Pace, "recent">;
  slots: StoredSlots;
}

/** What to store before a decision is sent; null where the row that was `stored` last is still right. */
export function rowToStore(
  state: LimiterState,
  stored: StoredState | null,
  now: number,
): StoredState | null {
  const { recent: _, ...pace } = state.pace;
  const { pace: before } = stored ?? { pace: initialPace };
  const isCovered = pace.nextAt <= before.nextAt;
  if (isCovered && isSameClosing(pace, before)) return null;
  const nextAt = isCovered ? before.nextAt : pace.nextAt + governorLimits.storedAheadMs;
  return { pace: { ...pace, nextAt }, slots: state.slots.toStored(now) };
}

/** Faults that have not closed the model are not worth a row. */
type Closing = Omit<Pace, "recent" | "nextAt">;

function isSameClosing(pace: Closing, stored: Closing): boolean {
  return (
    pace.closedAt === stored.closedAt &&
    pace.closedUntil === stored.closedUntil &&
    pace.opens === stored.opens &&
    pace.refusals === stored.refusals &&
    pace.probe?.at === stored.probe?.at
  );
}

/** The state of a governor that starts with this row. An older version's row may lack fields. */
export function restoreState(stored: Partial<StoredState> | null, now: number): LimiterState {
  const empty = emptyState();
  const pace = { ...initialPace, ...stored?.pace, recent: [] };
  const slots = stored?.slots === undefined ? empty.slots : Slots.restore(stored.slots, now);
  return { ...empty, pace, slots };
}
