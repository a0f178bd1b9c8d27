import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

describe("fleet cancel", () => {
  test("reports a finished batch, sends nothing and exits 1", async () => {
    const { url, received } = await fakeFleet({
      "GET /v1/batches/batch_1": { body: batchWith({ succeeded: 2 }, "finished") },
    });
    const result = await fleet(["cancel", "batch_1", "--url", url]);
    expect(result).toMatchObject({ code: 1, out: "" });
    expect(result.err).toContain("batch_1 is finished");
    expect(received.map(({ method }) => method)).toEqual(["GET"]);
  });

  test.each([
    [batchWith({ running: 1, cancelled: 1 }, "cancelling"), "is being cancelled"],
    [batchWith({ cancelled: 1 }, "finished"), "is finished: 1 task cancelled"],
  ])("prints the status of a cancelled batch: $status", async (body, message) => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": { body: batchWith({ running: 2 }) },
      "POST /v1/batches/batch_1/cancel": { status: 202, body },
    });
    const result = await fleet(["cancel", "batch_1", "--url", url]);
    expect(result.code).toBe(0);
    expect(result.out).toContain(message);
  });

  test("prints that a queued task is cancelled", async () => {
    const body = taskWith({ status: "cancelled", reason: "cancelled" });
    const { url } = await fakeFleet({ "POST /v1/tasks/task_1/cancel": { status: 202, body } });
    expect((await fleet(["cancel", "task_1", "--url", url])).out).toBe("task_1 is cancelled\n");
  });
});
