/**
 * Whole deliveries against an endpoint of 20 requests a minute, in simulated time: the real queue handler,
 * D1, loop and governor. A batch of ten minutes, and 300 a minute, are in test/governor.
 */
import { afterEach, expect, test, vi } from "vitest";
import { rowOf } from "../harness.ts";
import { play } from "./limited_scene.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Each call is several writes of D1 and of the governor's storage. */
const patienceMs = 60_000;

test(
  "a batch is refused nothing, and pays no attempt for its waits",
  async () => {
    const played = await play({ limit: 20, tasks: 8, calls: 3, trouble: 0 });
    const { refused, permitted } = played.endpoint;
    expect([played.finished, permitted.length, refused]).toEqual([true, 24, 0]);
    const rows = await Promise.all(played.ids.map(rowOf));
    expect(new Set(rows.map(({ status, attempt }) => `${status} ${attempt}`))).toEqual(
      new Set(["succeeded 0"]),
    );
  },
  patienceMs,
);

test(
  "with half of all calls refused or failing by chance it still completes, and only failures cost attempts",
  async () => {
    const task = { attempts: 10 };
    const played = await play({ limit: 20, tasks: 5, calls: 2, trouble: 0.5, task });
    const { refusedShare, down } = played.endpoint;
    expect([played.finished, refusedShare]).toEqual([true, 0]);
    const rows = await Promise.all(played.ids.map(rowOf));
    expect(rows.map(({ status }) => status)).toEqual(rows.map(() => "succeeded"));
    expect(rows.reduce((sum, { attempt }) => sum + attempt, 0)).toBe(down);
  },
  patienceMs,
);
