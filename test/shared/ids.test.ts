import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batchTaskId,
  batchTaskRange,
  isBatchId,
  isTaskId,
  newBatchId,
  newTaskId,
} from "../../shared/ids.ts";
import { batchLimits } from "../../shared/limits.ts";

const batch = "batch_01h455vb4pex5vsknk084sn02q";
const other = "batch_01h455vb4pex5vsknk084sn02r";
const indices = fc.nat({ max: batchLimits.tasksMax - 1 });
const inRange = (id: string, of: string): boolean => {
  const { from, to } = batchTaskRange(of);
  return from <= id && id < to;
};

test("new ids are ids, each another", () => {
  const tasks = Array.from({ length: 1_000 }, newTaskId);
  expect(new Set(tasks).size).toBe(1_000);
  expect(tasks.every(isTaskId)).toBe(true);
  expect(isBatchId(newBatchId())).toBe(true);
});

describe("the tasks of a batch", () => {
  test("have ids that follow from the batch and the line", () => {
    expect(batchTaskId(batch, 17)).toBe("task_01h455vb4pex5vsknk084sn02q-000017");
  });

  test("sort as the input's lines do", () => {
    fc.assert(
      fc.property(indices, indices, (a, b) => {
        expect(batchTaskId(batch, a) < batchTaskId(batch, b)).toBe(a < b);
      }),
    );
  });

  test("are ids, lie in their batch's range and in no other", () => {
    fc.assert(
      fc.property(indices, (index) => {
        const id = batchTaskId(batch, index);
        expect([isTaskId(id), inRange(id, batch), inRange(id, other)]).toEqual([true, true, false]);
      }),
    );
  });

  test("do not mix with a task of their batch's number", () => {
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
])("%j is a task's id: %j", (text, answer) => {
  expect(isTaskId(text)).toBe(answer);
});
