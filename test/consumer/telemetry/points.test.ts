/** Points of Workers Analytics Engine: one for each task that ends, if a dataset is bound. */
import { expect, test } from "vitest";
import { blobColumns, doubleColumns } from "../../../consumer/telemetry/points.ts";
import { finalAnswer, runTask, testConsumer, toolCall } from "../harness.ts";

function recordingDataset() {
  const points: { indexes: string[]; blobs: string[]; doubles: number[] }[] = [];
  return {
    points,
    writeDataPoint: (point: (typeof points)[number]) => void points.push(point),
  };
}

test("a task that ends writes one point, with each column at its position", async () => {
  const dataset = recordingDataset();
  const on = testConsumer({ METRICS: dataset });
  const row = await runTask(
    { prompt: "p", rehearsal: [toolCall("list_files", {}), finalAnswer()] },
    { consumer: on },
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
  expect(doubles.total_seconds).toBeGreaterThanOrEqual(doubles.wait_seconds ?? 0);
});

test("the columns fit into one point", () => {
  expect(Object.keys(blobColumns).length).toBeLessThanOrEqual(20);
  expect(Object.keys(doubleColumns).length).toBeLessThanOrEqual(20);
});

test("a dataset that rejects a point does not fail the task", async () => {
  const broken = {
    writeDataPoint: () => {
      throw new TypeError("too large");
    },
  };
  const row = await runTask(
    { prompt: "p", rehearsal: [finalAnswer()] },
    { consumer: testConsumer({ METRICS: broken }) },
  );
  expect(row.status).toBe("succeeded");
});
