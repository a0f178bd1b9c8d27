import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batchTaskId,
  batchTaskRange,
  isBatchId,
  isTaskId,
  newBatchId,
  newTaskId,
} from "../../shared/identity/ids.ts";
import { batchLimits } from "../../shared/limits.ts";

const batch = "batch_01h455vb4pex5vsknk084sn02q";
const other = "batch_01h455vb4pex5vsknk084sn02r";
const indices = fc.nat({ max: batchLimits.tasksMax - 1 });
const inRange = (id: string, batchId: string): boolean => {
  const { from, to } = batchTaskRange(batchId);
  return from <= id && id < to;
};

test("new ids are valid and unique", () => {
  const tasks = Array.from({ length: 1_000 }, newTaskId);
  expect(new Set(tasks).size).toBe(1_000);
  expect(tasks.every(isTaskId)).toBe(true);
  expect(isBatchId(newBatchId())).toBe(true);
});

describe("the tasks of a batch", () => {
  test("have ids that are derived from the batch and the line", () => {
    expect(batchTaskId(batch, 17)).toBe("task_01h455vb4pex5vsknk084sn02q-000017");
  });

  test("sort in the order of the input lines", () => {
    fc.assert(
      fc.property(indices, indices, (a, b) => {
        expect(batchTaskId(batch, a) < batchTaskId(batch, b)).toBe(a < b);
      }),
    );
  });

  test("have valid ids in the range of their batch and of no other", () => {
    fc.assert(
      fc.property(indices, (index) => {
        const id = batchTaskId(batch, index);
        expect([isTaskId(id), inRange(id, batch), inRange(id, other)]).toEqual([true, true, false]);
      }),
    );
  });

  test("are distinct from a single task with the same number", () => {
    expect(inRange(batch.replace("batch_", "task_"), batch)).toBe(false);
  });
});

test.each([
  ["task_01h455vb4pex5vsknk084sn02q", true],
  ["task_01h455vb4pex5vsknk084sn02q-000000", true],
  ["task_01H455VB4PEX5VSKNK084SN02Q", false],
  ["task_01h455vb4pex5vsknk084sn02", false],
  ["task_01h455vb4pex5vsknk084sn02q-1", false],
  ["task_01h455vb4pex5vsknk084sn02q-0000000", false],
  ["task_01h455vb4pex5vsknk084sn02q\n", false],
  ["task_01h455vb4pex5vsknk084sn0il", false],
  ["batch_01h455vb4pex5vsknk084sn02q", false],
  ["task_01h455vb4pex5vsknk084sn02q/../x", false],
  ["", false],
])("%j is a task id: %j", (text, expected) => {
  expect(isTaskId(text)).toBe(expected);
});
