import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { closedBreaker } from "../../consumer/governor/breaker.ts";
import { waitForPermit } from "../../consumer/governor/client.ts";
import type { Permit } from "../../consumer/governor/limiter.ts";
import { governorLimits } from "../../shared/limits.ts";
import { configWith } from "./memory_governor.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const { aheadMsMax, confirmMsMin } = governorLimits;
const inMs = (ms: number): Permit => ({ granted: false, until: Date.now() + ms });
const atMs = (ms: number): Permit => ({ granted: true, at: Date.now() + ms, isNew: false });

/** Requests a permit from a governor that gives these replies, and counts its confirmations. */
async function request(replies: readonly (() => Permit)[]) {
  const requestedAt = Date.now();
  let requests = 0;
  let confirmations = 0;
  const governor = {
    breaker: async () => closedBreaker,
    grant: async () => replies[requests++]?.(),
    confirm: async ({ at }: { at: number }): Promise<Permit> => {
      confirmations += 1;
      return { granted: true, at, isNew: false };
    },
  };
  const waiting = waitForPermit(configWith(governor, 60), { id: "a", created_at: 0 }, "m");
  await vi.runAllTimersAsync();
  return { permit: await waiting, waitedMs: Date.now() - requestedAt, requests, confirmations };
}

describe("a task that cannot call soon is requeued", () => {
  test.each([
    ["for longer than an invocation waits, after a wait", [9_000, 3_000], 9_000, aheadMsMax + 1],
    ["until its call, if that is later", [9_000, 60_000], 9_000, 60_000],
    ["without a wait, if its call is late", [aheadMsMax + 1], 0, aheadMsMax + 1],
  ])("%s", async (_name, waits, waitedMs, retryAfterMs) => {
    const result = await request(waits.map((ms) => () => inMs(ms)));
    expect(result).toMatchObject({
      permit: { ok: false, error: { code: "model_busy", retryAfterMs } },
      waitedMs,
      requests: waits.length,
    });
  });
});

test.each([
  ["the longest wait", [() => inMs(aheadMsMax), () => atMs(0)], aheadMsMax, 0],
  ["a call just ahead, without confirmation", [() => atMs(confirmMsMin - 1)], confirmMsMin - 1, 0],
  ["a call well ahead, with confirmation", [() => atMs(confirmMsMin)], confirmMsMin, 1],
])("a permit is granted after %s", async (_name, replies, waitedMs, confirmations) => {
  const result = await request(replies);
  expect(result).toMatchObject({ permit: { ok: true }, waitedMs, confirmations });
});
