import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

describe("`fleet cancel`", () => {
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

  test("cancels every task that matches the filters, page by page", async () => {
    const page = { matched: 2, cancelled: 2, dry_run: false, next_cursor: "task_5" };
    const { url, received } = await fakeFleet({
      "POST /v1/tasks/cancel": [
        { status: 202, body: page },
        { status: 202, body: { ...page, matched: 1, cancelled: 1, next_cursor: null } },
      ],
    });
    const filters = ["--status", "queued,running", "--label", "team=ops", "--batch", "batch_1"];
    const options = ["--custom-id", "a", "--created-before", "2026-11-01T00:00:00Z"];
    const result = await fleet(["cancel", ...filters, ...options, "--url", url]);
    expect(result).toMatchObject({ code: 0, out: "3 tasks are being cancelled\n" });
    const order = {
      status: ["queued", "running"],
      labels: { team: "ops" },
      batch_id: "batch_1",
      custom_id: "a",
      created_before: "2026-11-01T00:00:00Z",
    };
    expect(received.map(({ body }) => JSON.parse(body))).toEqual([
      order,
      { ...order, cursor: "task_5" },
    ]);
  });

  test("with `--dry-run` prints how many tasks match", async () => {
    const body = { matched: 7, cancelled: 0, dry_run: true, next_cursor: null };
    const { url, received } = await fakeFleet({ "POST /v1/tasks/cancel": { body } });
    const result = await fleet(["cancel", "--label", "team=ops", "--dry-run", "--url", url]);
    expect(result).toMatchObject({ code: 0, out: "7 tasks would be cancelled\n" });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({ labels: { team: "ops" }, dry_run: true });
  });

  test("takes a batch and filters: only its tasks", async () => {
    const body = { matched: 1, cancelled: 1, dry_run: false, next_cursor: null };
    const { url, received } = await fakeFleet({ "POST /v1/tasks/cancel": { status: 202, body } });
    await fleet(["cancel", "batch_1", "--status", "queued", "--url", url]);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      status: ["queued"],
      batch_id: "batch_1",
    });
  });

  test.each([
    ["neither an id nor a filter", [], 2, "no tasks selected"],
    ["a task and a filter", ["task_1", "--status", "queued"], 2, "this is one task"],
    ["a settled status", ["--status", "dead"], 2, "only queued, running can be cancelled"],
    ["a dry run of one task", ["task_1", "--dry-run"], 2, "--dry-run needs a filter"],
  ])("refuses %s", async (_name, args, code, message) => {
    const { url, received } = await fakeFleet({});
    const result = await fleet(["cancel", ...args, "--url", url]);
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
    expect(received).toEqual([]);
  });

  test("exits 1 if no task matches", async () => {
    const body = { matched: 0, cancelled: 0, dry_run: false, next_cursor: null };
    const { url } = await fakeFleet({ "POST /v1/tasks/cancel": { status: 202, body } });
    const result = await fleet(["cancel", "--label", "team=ops", "--url", url]);
    expect([result.code, result.err]).toEqual([1, expect.stringContaining("no unsettled task")]);
  });
});
