import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

describe("`fleet redrive`", () => {
  test("resumes by default, so that no effect is repeated", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/tasks/task_1/redrive": { status: 202, body: taskWith({ status: "queued" }) },
    });
    expect(await fleet(["redrive", "task_1", "--url", url])).toMatchObject({ code: 0 });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({ mode: "resume" });
  });

  test("explains each mode in its help", async () => {
    const { out } = await fleet(["redrive", "--help"]);
    expect(out.replaceAll(/\s+/g, " ")).toContain("restart: run again from the beginning");
    expect(out.replaceAll(/\s+/g, " ")).toContain("resume: continue after the last finished step");
  });

  test("restarts a task with `--mode restart`", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/tasks/task_1/redrive": { status: 202, body: taskWith({ status: "queued" }) },
    });
    const overrides = '{"limits":{"steps":60}}';
    const args = ["redrive", "task_1", "--mode", "restart", "--overrides", overrides];
    expect(await fleet([...args, "--url", url])).toMatchObject({ code: 0 });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      mode: "restart",
      overrides: { limits: { steps: 60 } },
    });
  });

  test("sends the filters without an id, and prints how many tasks match", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/tasks/redrive": [
        { status: 202, body: { redriven: 2, refused: 0, details: [], next_cursor: "task_5" } },
        { status: 202, body: { redriven: 1, refused: 0, details: [], next_cursor: null } },
      ],
    });
    const filters = ["--status", "dead", "--label", "team=ops", "--error-code", "store_fault"];
    const times = ["--created-after", "2026-11-01T00:00:00Z"];
    const result = await fleet(["redrive", ...filters, ...times, "--mode", "resume", "--url", url]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toBe("3 tasks are queued again\n");
    const order = {
      mode: "resume",
      status: ["dead"],
      labels: { team: "ops" },
      error_code: "store_fault",
      created_after: "2026-11-01T00:00:00Z",
    };
    expect(received.map(({ body }) => JSON.parse(body))).toEqual([
      order,
      { ...order, cursor: "task_5" },
    ]);
  });

  test.each([
    ["neither an id nor a filter", [], "no tasks selected"],
    ["a task and a filter", ["task_1", "--label", "team=ops"], "this is one task"],
    ["a label without a value", ["--label", "team"], "write key=value"],
    ["many tasks to watch", ["--status", "dead", "--watch"], "needs the id"],
  ])("sends nothing and prints a hint for %s", async (_case, args, message) => {
    const { url, received } = await fakeFleet({});
    const result = await fleet(["redrive", ...args, "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
    expect(received).toEqual([]);
  });

  test.each([
    [1, "1 task of batch_1 is queued again"],
    [12, "12 tasks of batch_1 are queued again"],
  ])("prints how many tasks of a batch are queued again: %d", async (redriven, message) => {
    const { url } = await fakeFleet({
      "POST /v1/batches/batch_1/redrive": { status: 202, body: { redriven } },
    });
    const result = await fleet(["redrive", "batch_1", "--status", "dead", "--url", url]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain(message);
  });

  test("exits 1 and does not watch if no task of the batch matches", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/batches/batch_1/redrive": { status: 202, body: { redriven: 0 } },
      "GET /v1/batches/batch_1": { body: batchWith({ succeeded: 1 }, "finished") },
    });
    const result = await fleet(["redrive", "batch_1", "--watch", "--url", url]);
    expect(result.code).toBe(1);
    expect(result.err).toContain("no task of batch_1");
    expect(received).toHaveLength(1);
  });

  test("reads a batch page by page, and reports tasks that cannot be redriven", async () => {
    const fault = { path: "task_9", message: "the model is gone" };
    const { url, received } = await fakeFleet({
      "POST /v1/batches/batch_1/redrive": [
        { status: 202, body: { redriven: 2, refused: 0, details: [], next_cursor: "task_5" } },
        { status: 202, body: { redriven: 1, refused: 1, details: [fault], next_cursor: null } },
      ],
    });
    const result = await fleet(["redrive", "batch_1", "--url", url]);
    expect(result.code).toBe(1);
    expect(result.out).toContain("3 tasks of batch_1 are queued again");
    expect(result.err).toContain(
      "1 task of batch_1 cannot be redriven:\n  task_9: the model is gone",
    );
    expect(received.map(({ body }) => JSON.parse(body))).toEqual([
      { mode: "resume" },
      { mode: "resume", cursor: "task_5" },
    ]);
  });

  test("get and list show that a task was redriven", async () => {
    const body = {
      ...taskWith({}),
      history: [{ status: "dead", reason: "attempts_exhausted" }],
    };
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": { body },
      "GET /v1/tasks": { body: { tasks: [body], next_cursor: null } },
    });
    expect((await fleet(["get", "task_1", "--url", url])).out).toMatch(
      /redriven +once, after dead, attempts_exhausted/,
    );
    expect((await fleet(["list", "--url", url])).out).toContain("completed, redriven");
  });

  test("with `--dry-run` prints how many tasks match, and `--model` is an override", async () => {
    const body = {
      redriven: 0,
      matched: 4,
      dry_run: true,
      refused: 0,
      details: [],
      next_cursor: null,
    };
    const { url, received } = await fakeFleet({ "POST /v1/tasks/redrive": { body } });
    const args = ["redrive", "--custom-id", "a", "--batch", "batch_1", "--model", "m", "--dry-run"];
    const result = await fleet([...args, "--url", url]);
    expect(result).toMatchObject({ code: 0, out: "4 tasks would be queued again\n" });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      mode: "resume",
      batch_id: "batch_1",
      custom_id: "a",
      dry_run: true,
      overrides: { model: "m" },
    });
  });
});
