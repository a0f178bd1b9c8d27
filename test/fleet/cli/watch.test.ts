import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith } from "./fake_fleet.ts";

const down = { status: 503, body: { error: { code: "unavailable", message: "starting" } } };

describe("fleet watch", () => {
  test("prints a batch's progress as lines and exits 0 when all succeeded", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ queued: 4 }) },
        { body: batchWith({ queued: 1, running: 1, succeeded: 2 }) },
        { body: batchWith({ succeeded: 4 }, "finished") },
      ],
    });
    const ran = await fleet(["watch", "batch_1", "--url", url]);
    expect(ran.code).toBe(0);
    expect(ran.out.trim().split("\n")).toEqual([
      "0/4  1,000 tokens · $0.01",
      "4/4  4 succeeded · 0.07/s on average · 1,000 tokens · $0.01",
    ]);
  });

  test("exits 1 when one task of the batch did not succeed", async () => {
    const body = batchWith({ succeeded: 4, dead: 1 }, "finished");
    const { url } = await fakeFleet({ "GET /v1/batches/batch_1": { body } });
    expect(await fleet(["watch", "batch_1", "--url", url])).toMatchObject({ code: 1 });
  });

  test("goes on through an outage of the fleet", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ running: 1 }) },
        down,
        down,
        { body: batchWith({ succeeded: 1 }, "finished") },
      ],
    });
    expect(await fleet(["watch", "batch_1", "--url", url])).toMatchObject({
      code: 0,
      err: "the fleet does not answer (unavailable), trying for 1 min 0 s\n",
    });
  });

  test("a fleet that never answered is not waited for: it says what to do", async () => {
    const ran = await fleet(["watch", "task_1", "--url", "http://127.0.0.1:1"]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^fleet: no fleet answers at .*: start it with npm start/);
  });

  test("gives up when the fleet stays away, and says so", async () => {
    const running = { body: batchWith({ running: 1 }) };
    const { url } = await fakeFleet({ "GET /v1/batches/batch_1": [running, down] });
    const ran = await fleet(["watch", "batch_1", "--url", url]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("starting");
  });

  test("with --json prints a batch whenever its counts changed", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ running: 1 }) },
        { body: batchWith({ running: 1 }) },
        { body: batchWith({ succeeded: 1 }, "finished") },
      ],
    });
    const ran = await fleet(["watch", "batch_1", "--json", "--url", url]);
    const seen = ran.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status);
    expect(seen).toEqual(["running", "finished"]);
  });

  test("follows a task through its states; a task that failed exits 1 and says why", async () => {
    const error = { code: "budget_steps", message: "used up \u001b[2Jlimits.steps" };
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": [
        { body: taskWith({ status: "queued", reason: null, output: null }) },
        { body: taskWith({ status: "running", reason: null, output: null }) },
        { body: taskWith({ status: "failed", reason: "budget_steps", output: null, error }) },
      ],
    });
    const ran = await fleet(["watch", "task_1", "--url", url]);
    expect(ran.code).toBe(1);
    expect(ran.out.trim().split("\n")).toEqual([
      "queued · 3 steps",
      "running · 3 steps",
      "failed (budget_steps) · 3 steps",
      "budget_steps: used up limits.steps",
    ]);
  });
});
