import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith } from "./fake_fleet.ts";

describe("fleet redrive", () => {
  test("begins again when no mode is named", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/tasks/task_1/redrive": { status: 202, body: taskWith({ status: "queued" }) },
    });
    expect(await fleet(["redrive", "task_1", "--url", url])).toMatchObject({ code: 0 });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({ mode: "restart" });
  });

  test("its help names no mode that the API refuses", async () => {
    const { out } = await fleet(["redrive", "--help"]);
    expect(out).toContain("restart");
    expect(out).not.toContain("resume");
  });

  test.each([
    [1, "1 task of batch_1 is queued again"],
    [12, "12 tasks of batch_1 are queued again"],
  ])("says how many of a batch's tasks are queued again: %d", async (redriven, told) => {
    const { url } = await fakeFleet({
      "POST /v1/batches/batch_1/redrive": { status: 202, body: { redriven } },
    });
    const ran = await fleet(["redrive", "batch_1", "--status", "dead", "--url", url]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain(told);
  });

  test("of a batch in which nothing fits exits 1, and does not watch", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/batches/batch_1/redrive": { status: 202, body: { redriven: 0 } },
      "GET /v1/batches/batch_1": { body: batchWith({ succeeded: 1 }, "finished") },
    });
    const ran = await fleet(["redrive", "batch_1", "--watch", "--url", url]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("no task of batch_1");
    expect(received).toHaveLength(1);
  });

  test("of a batch goes on page by page, and names what stays as it is", async () => {
    const fault = { path: "task_9", message: "the model is gone" };
    const { url, received } = await fakeFleet({
      "POST /v1/batches/batch_1/redrive": [
        { status: 202, body: { redriven: 2, refused: 0, details: [], next_cursor: "task_5" } },
        { status: 202, body: { redriven: 1, refused: 1, details: [fault], next_cursor: null } },
      ],
    });
    const ran = await fleet(["redrive", "batch_1", "--url", url]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain("3 tasks of batch_1 are queued again");
    expect(ran.err).toContain(
      "1 task of batch_1 cannot be redriven so:\n  task_9: the model is gone",
    );
    expect(received.map(({ body }) => JSON.parse(body))).toEqual([
      { mode: "restart" },
      { mode: "restart", cursor: "task_5" },
    ]);
  });

  test("get and list show that a task was redriven", async () => {
    const body = taskWith({ history: [{ status: "dead", reason: "attempts_exhausted" }] });
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": { body },
      "GET /v1/tasks": { body: { tasks: [body], next_cursor: null } },
    });
    expect((await fleet(["get", "task_1", "--url", url])).out).toMatch(
      /redriven +once, after dead, attempts_exhausted/,
    );
    expect((await fleet(["list", "--url", url])).out).toContain("completed, redriven");
  });
});
