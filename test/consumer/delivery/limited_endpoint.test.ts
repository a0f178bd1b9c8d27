/**
 * Full deliveries to an endpoint of 20 requests a minute, in simulated time: the real queue handler, D1, loop
 * and governor. test/governor has a batch of ten minutes, and 300 requests a minute.
 */
import { afterEach, expect, test, vi } from "vitest";
import { readRow } from "../harness.ts";
import { play } from "./limited_scene.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Each call writes several times to D1 and to the governor's storage. */
const timeoutMs = 60_000;

test(
  "a batch within the limit gets no refusal, and its waits cost no attempt",
  async () => {
    const result = await play({ limit: 20, tasks: 8, calls: 3, failureShare: 0 });
    const { refused, permitted } = result.endpoint;
    expect([result.finished, permitted.length, refused]).toEqual([true, 24, 0]);
    const rows = await Promise.all(result.ids.map(readRow));
    expect(new Set(rows.map(({ status, attempt }) => `${status} ${attempt}`))).toEqual(
      new Set(["succeeded 0"]),
    );
  },
  timeoutMs,
);

test(
  "a batch completes when half of the calls fail at random, and no failure costs an attempt",
  async () => {
    const result = await play({ limit: 20, tasks: 5, calls: 2, failureShare: 0.5 });
    const { refusedShare } = result.endpoint;
    expect([result.finished, refusedShare]).toEqual([true, 0]);
    const rows = await Promise.all(result.ids.map(readRow));
    expect(rows.map(({ status }) => status)).toEqual(rows.map(() => "succeeded"));
    expect(rows.map(({ attempt }) => attempt)).toEqual(rows.map(() => 0));
  },
  timeoutMs,
);
