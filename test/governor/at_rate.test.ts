import { expect, test } from "vitest";
import { runAtRate } from "./at_rate.ts";

test("a governor of 30,000 requests a minute stores little and is asked about once for each call", async () => {
  const seconds = 12;
  const load = { requestsPerMinute: 30_000, callMs: 2_000, calls: 4, seconds };
  const { calls, requests, rowsStored, rowBytesMax } = await runAtRate(load);
  expect(calls).toBeGreaterThan(seconds * 450);
  expect(requests / calls).toBeLessThanOrEqual(1.5);
  expect(rowBytesMax).toBeLessThan(1_000);
  expect(rowsStored).toBeLessThanOrEqual(seconds / 2);
});
