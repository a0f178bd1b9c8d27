import { describe, expect, test } from "vitest";
import {
  type Breaker,
  closedBreaker,
  nextCallAt,
  pass,
  recordAnswer,
  recordFault,
} from "../../consumer/governor/breaker.ts";
import { breakerLimits } from "../../shared/limits.ts";

const start = 1_000_000;
const fault = (lastAnswerAt = 0, retryAfterMs: number | null = null) => ({
  message: "HTTP 503.",
  retryAfterMs,
  lastAnswerAt,
});

function afterFaults(count: number, now = start): Breaker {
  let breaker = closedBreaker;
  for (let n = 0; n < count; n++) breaker = recordFault(breaker, fault(), now);
  return breaker;
}

describe("an endpoint goes down", () => {
  test.each([
    ["one fault less than the limit closes nothing", breakerLimits.faultsMin - 1, null],
    ["as many faults in a row as the limit are an outage", breakerLimits.faultsMin, start],
  ])("%s", (_name, faults, since) => {
    expect(afterFaults(faults).since).toBe(since);
  });

  test.each([
    ["answered a moment ago", breakerLimits.silentMsMin - 1, null],
    ["has been silent long enough", breakerLimits.silentMsMin, start],
  ])("faults of an endpoint that %s are an outage since: %s", (_name, silentMs, since) => {
    let breaker = closedBreaker;
    for (let n = 0; n < 20; n++) breaker = recordFault(breaker, fault(start - silentMs), start);
    expect(breaker.since).toBe(since);
  });

  test("one fault with a retry time closes the endpoint until that time", () => {
    const breaker = recordFault(closedBreaker, fault(start, 60_000), start);
    expect(nextCallAt(breaker, start)).toBe(start + 60_000);
    expect(pass(breaker, start + 59_999).passage).toEqual({ open: false, until: start + 60_000 });
    expect(pass(breaker, start + 60_000).passage).toEqual({ open: true });
  });

  test("an outage keeps the time at which it started", () => {
    const down = afterFaults(breakerLimits.faultsMin);
    expect(recordFault(down, fault(), start + 90_000).since).toBe(start);
  });
});

describe("a probe", () => {
  const down = afterFaults(breakerLimits.faultsMin);
  const probeAt = start + breakerLimits.probeEveryMs;

  test("no call is made before the first probe", () => {
    expect(pass(down, probeAt - 1).passage).toEqual({ open: false, until: probeAt });
  });

  test("only one call at a time probes", () => {
    const { passage, breaker } = pass(down, probeAt);
    expect(passage).toEqual({ open: true });
    expect(pass(breaker, probeAt + 1).passage.open).toBe(false);
  });

  test("a probe without an outcome expires", () => {
    const { breaker } = pass(down, probeAt);
    expect(pass(breaker, probeAt + breakerLimits.probeMsMax).passage.open).toBe(true);
  });

  test("a failed probe is followed by the next one after the interval", () => {
    const failed = recordFault(pass(down, probeAt).breaker, fault(), probeAt + 100);
    expect(nextCallAt(failed, probeAt + 100)).toBe(probeAt + 100 + breakerLimits.probeEveryMs);
  });

  test("an answer ends the outage at once", () => {
    const recovered = recordAnswer(pass(down, probeAt).breaker);
    expect(recovered).toEqual(closedBreaker);
    expect(pass(recovered, probeAt).passage).toEqual({ open: true });
  });
});

test("an answer starts the count of faults again", () => {
  const breaker = recordAnswer(afterFaults(breakerLimits.faultsMin - 1));
  expect(recordFault(breaker, fault(), start).since).toBeNull();
});
