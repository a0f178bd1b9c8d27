/** Each bound of the governor at its last accepted value and at the next one. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readSnapshot } from "../../consumer/governor/client.ts";
import { admit, emptyState } from "../../consumer/governor/limiter.ts";
import { initialPace, isHalfOpen, isProbing, reserve } from "../../consumer/governor/pace.ts";
import { addCall, countCalls } from "../../consumer/governor/recent.ts";
import { Slots } from "../../consumer/governor/slots.ts";
import { Waitlist } from "../../consumer/governor/waitlist.ts";
import { governorLimits } from "../../shared/limits.ts";
import { configWith } from "./memory_governor.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const now = 1_000_000_000;
const request = {
  task: "a",
  slot: "a",
  requestsPerMinute: 60,
  reservesCall: false,
  isRefill: false,
};
const limits = governorLimits;

/** Whether a task is admitted; `hasSlot`: it is in progress already. */
function isAdmitted(pace: Partial<typeof initialPace>, hasSlot: boolean): boolean {
  const state = emptyState();
  if (hasSlot) state.slots.take("a", now);
  return admit({ ...state, pace: { ...initialPace, ...pace } }, request, now).permit.granted;
}

const sizeMax = 1_000;

function waitlistOf(count: number, dueAt = now): Waitlist {
  const waitlist = new Waitlist();
  for (let n = 0; n < count; n++) waitlist.add(`t${n}`, dueAt, now, sizeMax);
  return waitlist;
}

/** The mean cycle after one cycle of `ms`. */
function cycleAfter(ms: number): number {
  const slots = slotsTakenAt(now - ms);
  slots.recordCall("a", now - ms, now - ms);
  slots.free("a", now);
  return slots.cycleMs;
}

function slotsTakenAt(time: number): Slots {
  const slots = new Slots();
  slots.take("a", time);
  return slots;
}

const meanOf = (ms: number): number =>
  limits.cycleMsGuess + (ms - limits.cycleMsGuess) * limits.learnShare;

async function isSnapshotRead(ms: number): Promise<boolean> {
  const sleep = () => new Promise((resolve) => setTimeout(resolve, ms, {}));
  const snapshot = readSnapshot(configWith({ snapshot: sleep }, 60), "m", 60);
  await vi.runAllTimersAsync();
  return (await snapshot) !== null;
}

test.each<[string, number, number, (n: number) => boolean | Promise<boolean>]>([
  [
    "calls reserved ahead of a new task",
    limits.busyAheadMs,
    limits.busyAheadMs + 1,
    (n) => isAdmitted({ nextAt: now + n }, false),
  ],
  [
    "the closed time of a task in progress",
    limits.aheadMsMax,
    limits.aheadMsMax + 1,
    (n) => isAdmitted({ closedUntil: now + n }, true),
  ],
  [
    "the horizon of a reservation",
    limits.aheadMsMax,
    limits.aheadMsMax + 1,
    (n) => reserve({ ...initialPace, nextAt: now + n }, 60, now).granted,
  ],
  [
    "the patience of a caller",
    500,
    501,
    (n) => reserve({ ...initialPace, nextAt: now + n }, 60, now, 500).granted,
  ],
  [
    "refusals before a probe",
    limits.refusalsToProbe - 1,
    limits.refusalsToProbe,
    (n) => !isHalfOpen({ ...initialPace, refusals: n }),
  ],
  [
    "faults before a probe",
    limits.faultsToOpen - 1,
    limits.faultsToOpen,
    (n) => !isHalfOpen({ ...initialPace, faults: n }),
  ],
  [
    "the age of a probe",
    limits.probeMs - 1,
    limits.probeMs,
    (n) =>
      isProbing(
        { ...initialPace, refusals: 9, probe: { at: now - n, until: now - n + limits.probeMs } },
        now,
      ),
  ],
  [
    "the age of a slot",
    limits.slotMs - 1,
    limits.slotMs,
    (n) => {
      const slots = slotsTakenAt(now - n);
      slots.dropExpired(now);
      return slots.has("a");
    },
  ],
  [
    "the age of a slot without a call",
    limits.firstCallMs - 1,
    limits.firstCallMs,
    (n) => slotsTakenAt(now - n).countWithoutCall(now) === 1,
  ],
  ["a learned cycle", limits.cycleMsMax, limits.cycleMsMax + 1, (n) => cycleAfter(n) === meanOf(n)],
  ["tasks on the waitlist", sizeMax, sizeMax + 1, (n) => waitlistOf(n).size === n],
  [
    "due tasks that are counted",
    limits.waitlistScanMax,
    limits.waitlistScanMax + 1,
    (n) => waitlistOf(n).countDueBefore("new", now) === n,
  ],
  [
    "how early a task is due",
    limits.dueEarlyMs,
    limits.dueEarlyMs + 1,
    (n) => waitlistOf(1, now + n).countDueBefore("new", now) === 1,
  ],
  [
    "how late a task is due",
    limits.dueLateMs - 1,
    limits.dueLateMs,
    (n) => waitlistOf(1, now - n).countDueBefore("new", now) === 1,
  ],
  [
    "how late a task is waiting",
    limits.waitlistExpiryMs - 1,
    limits.waitlistExpiryMs,
    (n) => waitlistOf(1, now - n).countWaiting(now) === 1,
  ],
  [
    "seconds of recent calls",
    limits.recentSeconds - 1,
    limits.recentSeconds,
    (n) => countCalls(addCall([], now - n * 1_000, now - n * 1_000), now).lastMinute === 1,
  ],
  [
    "seconds of stored calls",
    limits.recentSeconds - 1,
    limits.recentSeconds,
    (n) => addCall(addCall([], now - n * 1_000, now - n * 1_000), now, now).length === 2,
  ],
  ["the time of a snapshot", limits.reportMsMax, limits.reportMsMax + 1, isSnapshotRead],
])("the bound on %s is exact", async (_name, last, beyond, isAccepted) => {
  expect([await isAccepted(last), await isAccepted(beyond)]).toEqual([true, false]);
});
