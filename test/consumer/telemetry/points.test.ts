/** Points of Workers Analytics Engine: one for each task that ends, where a dataset is bound. */
import { expect, test } from "vitest";
import { blobColumns, doubleColumns } from "../../../consumer/telemetry/points.ts";
import { bench, call, finish, runTask } from "../harness.ts";

function datasetOf() {
  const points: { indexes: string[]; blobs: string[]; doubles: number[] }[] = [];
  return {
    points,
    writeDataPoint: (point: (typeof points)[number]) => void points.push(point),
  };
}

test("a task that ends is one point, each column at its place", async () => {
  const dataset = datasetOf();
  const on = bench({ METRICS: dataset });
  const row = await runTask(
    { prompt: "p", rehearsal: [call("list_files", {}), finish()] },
    { bench: on },
  );
  expect(dataset.points).toHaveLength(1);
  const [point] = dataset.points;
  const blobs = Object.fromEntries(
    Object.keys(blobColumns).map((name, n) => [name, point?.blobs[n]]),
  );
  const doubles = Object.fromEntries(
    Object.keys(doubleColumns).map((name, n) => [name, point?.doubles[n] ?? -1]),
  );
  expect(point?.indexes).toEqual([row.tenant]);
  expect(blobs).toEqual({
    status: "succeeded",
    reason: "completed",
    error: "",
    model: "rehearsal",
    policy: "default",
    sandbox: "isolate",
    batch_id: "",
  });
  expect(doubles).toMatchObject({ steps: 3, model_calls: 2, tool_calls: 1, failed_attempts: 0 });
  expect(doubles.took_seconds).toBeGreaterThanOrEqual(doubles.waited_seconds ?? 0);
});

test("the columns fit what the engine takes of one point", () => {
  expect(Object.keys(blobColumns).length).toBeLessThanOrEqual(20);
  expect(Object.keys(doubleColumns).length).toBeLessThanOrEqual(20);
});

test("a dataset that refuses a point costs the task nothing", async () => {
  const broken = {
    writeDataPoint: () => {
      throw new TypeError("too large");
    },
  };
  const row = await runTask(
    { prompt: "p", rehearsal: [finish()] },
    { bench: bench({ METRICS: broken }) },
  );
  expect(row.status).toBe("succeeded");
});
