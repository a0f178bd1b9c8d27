import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { closedBreaker } from "../../consumer/governor/breaker.ts";
import { waitForPermit } from "../../consumer/governor/client.ts";
import type { Permit } from "../../consumer/governor/limiter.ts";
import { governorLimits } from "../../shared/limits.ts";
import { configWith } from "./memory_governor.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const { aheadMsMax } = governorLimits;
const inMs = (ms: number): Permit => ({ granted: false, until: Date.now() + ms, isSurplus: false });
const atMs = (ms: number): Permit => ({
  granted: true,
  at: Date.now() + ms,
  isNew: false,
  isProbe: false,
});

/** Requests a permit from a governor that gives these replies. */
async function request(replies: readonly (() => Permit)[]) {
  const requestedAt = Date.now();
  let requests = 0;
  const governor = {
    breaker: async () => closedBreaker,
    grant: async () => ({ permit: replies[requests++]?.() ?? null, breaker: closedBreaker }),
  };
  const waiting = waitForPermit(configWith(governor, 60), { id: "a", created_at: 0 }, "m");
  await vi.runAllTimersAsync();
  return { permit: await waiting, waitedMs: Date.now() - requestedAt, requests };
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

test("a permit is granted after the longest wait", async () => {
  const result = await request([() => inMs(aheadMsMax), () => atMs(0)]);
  expect(result).toMatchObject({ permit: { ok: true }, waitedMs: aheadMsMax, requests: 2 });
});
