import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

const down = { status: 503, body: { error: { code: "unavailable", message: "starting" } } };

describe("`fleet watch`", () => {
  test("prints the progress of a batch as lines, and exits 0 if all tasks succeeded", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ queued: 4 }) },
        { body: batchWith({ queued: 1, running: 1, succeeded: 2 }) },
        { body: batchWith({ succeeded: 4 }, "finished") },
      ],
    });
    const result = await fleet(["watch", "batch_1", "--url", url]);
    expect(result.code).toBe(0);
    expect(result.out.trim().split("\n")).toEqual([
      "0/4  1,000 tokens · $0.01",
      "4/4  4 succeeded · 0.07/s on average · 1,000 tokens · $0.01",
    ]);
  });

  test("says which endpoint is down while no task of a batch runs", async () => {
    const outage = {
      endpoint: "The endpoint http://127.0.0.1:11434/v1",
      since: "2026-11-30T10:00:00.000Z",
      next_try_at: "2026-11-30T10:01:00.000Z",
      message: "Network connection lost.",
    };
    const models = [{ model: "m", state: "down", outage }];
    const { url } = await fakeFleet({
      "GET /v1/models": { body: { models } },
      "GET /v1/batches/batch_1": [
        { body: batchWith({ queued: 2 }) },
        { body: batchWith({ succeeded: 2 }, "finished") },
      ],
      "GET /v1/tasks/task_1": [
        { body: taskWith({ status: "queued", reason: null, output: null }) },
        { body: taskWith({}) },
      ],
    });
    const words = "down since 2026-11-30T10:00:00.000Z: The endpoint http://127.0.0.1:11434/v1";
    expect((await fleet(["watch", "batch_1", "--url", url])).out).toContain(words);
    expect((await fleet(["watch", "task_1", "--url", url])).out).toContain(words);
  });

  test("exits 1 if a task of the batch did not succeed", async () => {
    const body = batchWith({ succeeded: 4, dead: 1 }, "finished");
    const { url } = await fakeFleet({ "GET /v1/batches/batch_1": { body } });
    expect(await fleet(["watch", "batch_1", "--url", url])).toMatchObject({ code: 1 });
  });

  test("prints why tasks did not succeed, the largest group first, with an example task", async () => {
    const group = (tasks: number, status: string, reason: string, message: string) => ({
      status,
      reason,
      code: reason,
      tasks,
      example: `task_${tasks}`,
      message,
    });
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ running: 6 }) },
        { body: batchWith({ dead: 3, failed: 1, expired: 2 }, "finished") },
      ],
      "GET /v1/batches/batch_1/failures": {
        body: {
          failures: [
            group(3, "dead", "attempts_exhausted", "unreach\u001b[31mable\nendpoint"),
            group(2, "expired", "expired", "too late"),
            group(1, "failed", "budget_steps", "used up"),
          ],
        },
      },
    });
    const { out } = await fleet(["watch", "batch_1", "--url", url]);
    expect(out.trim().split("\n").slice(2)).toEqual([
      "3 tasks dead, attempts_exhausted: unreachable endpoint (fleet steps task_3)",
      "1 task failed, budget_steps: used up (fleet steps task_1)",
    ]);
  });

  test.each(["watch", "get"])(
    "%s prints every faulty line of a batch that could not start",
    async (command) => {
      const details = [4, 9].map((line) => ({
        line,
        path: "prompt",
        message: "{{item.a}} is not there",
      }));
      const error = { code: "refused", message: "2 tasks are refused", details };
      const body = { ...batchWith({}, "finished"), error };
      const { url } = await fakeFleet({ "GET /v1/batches/batch_1": { body } });
      const { out } = await fleet([command, "batch_1", "--url", url]);
      expect(out).toContain("refused: 2 tasks are refused\n");
      expect(out).toContain("  lines 4 and 9: prompt: {{item.a}} is not there\n");
    },
  );

  test("continues after an outage of the fleet", async () => {
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
      err: "the fleet does not answer (unavailable), retrying for 1 min 0 s\n",
    });
  });

  test("does not retry a fleet that never answered, and says what to do", async () => {
    const result = await fleet(["watch", "task_1", "--url", "http://127.0.0.1:1"]);
    expect(result.code).toBe(3);
    expect(result.err).toMatch(
      /^fleet: cannot reach a fleet at .*: start the fleet with npm start/,
    );
  });

  test("gives up when the fleet stays away, and says so", async () => {
    const running = { body: batchWith({ running: 1 }) };
    const { url } = await fakeFleet({ "GET /v1/batches/batch_1": [running, down] });
    const result = await fleet(["watch", "batch_1", "--url", url]);
    expect(result.code).toBe(1);
    expect(result.err).toContain("starting");
  });

  test("prints a batch with `--json` whenever its counts change", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ running: 1 }) },
        { body: batchWith({ running: 1 }) },
        { body: batchWith({ succeeded: 1 }, "finished") },
      ],
    });
    const result = await fleet(["watch", "batch_1", "--json", "--url", url]);
    const printedValues = result.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status);
    expect(printedValues).toEqual(["running", "finished"]);
  });

  test("prints the states of a task; a failed task exits 1 with its error", async () => {
    const error = { code: "budget_steps", message: "used up \u001b[2Jlimits.steps" };
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": [
        { body: taskWith({ status: "queued", reason: null, output: null }) },
        { body: taskWith({ status: "running", reason: null, output: null }) },
        { body: taskWith({ status: "failed", reason: "budget_steps", output: null, error }) },
      ],
    });
    const result = await fleet(["watch", "task_1", "--url", url]);
    expect(result.code).toBe(1);
    expect(result.out.trim().split("\n")).toEqual([
      "queued · 3 steps",
      "running · 3 steps",
      "failed (budget_steps) · 3 steps",
      "budget_steps: used up limits.steps",
    ]);
  });
});

describe("`fleet watch` explains a pause", () => {
  const queued = batchWith({ queued: 2 });
  const finishedReply = { body: batchWith({ succeeded: 2 }, "finished") };
  const nothingPaused = { paused: false, since: null, models: [] };
  const since = "2026-11-25T09:00:00.000Z";

  test.each([
    ["the batch is paused", { paused: true }, nothingPaused, "paused: fleet resume batch_1"],
    [
      "the fleet is paused",
      {},
      { ...nothingPaused, paused: true, since },
      "the fleet is paused: fleet resume --all",
    ],
    [
      "it waits for another batch",
      { waiting: true, after: { batch: "batch_0" } },
      nothingPaused,
      "waits for batch_0",
    ],
  ])("of a batch, with the command that ends it, if %s", async (_, fields, pauses, reason) => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [{ body: { ...queued, ...fields } }, finishedReply],
      "GET /v1/pause": { body: pauses },
    });
    const { out } = await fleet(["watch", "batch_1", "--url", url]);
    expect(out.split("\n")[0]).toBe(`0/2  ${reason} · 1,000 tokens · $0.01`);
  });

  test("but does not read the pauses of the fleet while the batch runs", async () => {
    const running = { body: batchWith({ running: 1, queued: 1 }) };
    const { url, received } = await fakeFleet({
      "GET /v1/batches/batch_1": [running, finishedReply],
    });
    await fleet(["watch", "batch_1", "--url", url]);
    expect(received.map(({ path: requested }) => requested)).not.toContain("/v1/pause");
  });

  test.each([
    [{ ...queued, paused: true }, [], "its batch is paused: fleet resume batch_1"],
    [queued, [{ model: "m", since }], "m is paused: fleet resume --model m"],
    [queued, [{ model: "other", since }], null],
  ])("of a task: %j, %j", async (batch, models, reason) => {
    const waits = { status: "queued", reason: null, output: null, model: "m", batch_id: "batch_1" };
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": [{ body: { ...taskWith({}), ...waits } }, { body: taskWith({}) }],
      "GET /v1/batches/batch_1": { body: batch },
      "GET /v1/pause": { body: { ...nothingPaused, models } },
    });
    const { out } = await fleet(["watch", "task_1", "--url", url]);
    expect(out.split("\n")[0]).toBe(`queued · 3 steps${reason === null ? "" : ` · ${reason}`}`);
  });

  test("and prints a paused batch with `--json` although no count changed", async () => {
    const paused = { body: { ...queued, paused: true } };
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [{ body: queued }, paused, paused, finishedReply],
    });
    const { out } = await fleet(["watch", "batch_1", "--json", "--url", url]);
    const printedValues = out.trim().split("\n");
    expect(printedValues.map((line) => JSON.parse(line).paused === true)).toEqual([
      false,
      true,
      false,
    ]);
  });
});

describe("Ctrl-C in `fleet watch`", () => {
  const stillRunning = (id: string) =>
    `${id} is still running. Reattach: fleet watch ${id}. Stop it: fleet cancel ${id}`;
  const script = {
    "GET /v1/batches/batch_1": [
      { body: batchWith({ running: 1 }) },
      { body: batchWith({ succeeded: 1 }, "finished") },
    ],
    "GET /v1/tasks/task_1": [
      { body: taskWith({ status: "running", reason: null, output: null }) },
      { body: taskWith({}) },
    ],
  };

  test.each(["batch_1", "task_1"])(
    "prints that %s is still running, and how to reattach",
    async (id) => {
      const { url } = await fakeFleet(script);
      const result = await fleet(["watch", id, "--url", url], { interrupted: true });
      expect(result.err).toBe(`${stillRunning(id)}\n`);
    },
  );

  test("prints the same as JSON with `--json`", async () => {
    const { url } = await fakeFleet(script);
    const result = await fleet(["watch", "batch_1", "--json", "--url", url], { interrupted: true });
    expect(JSON.parse(result.err)).toEqual({
      error: { code: "interrupted", message: stillRunning("batch_1"), details: [] },
    });
  });

  test("ends the process with the signal, which a shell reports as 130", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": { body: batchWith({ running: 1 }) },
    });
    const args = [path.resolve("producer/cli/fleet.ts"), "watch", "batch_1", "--url", url];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code, signal] = await once(child, "close");
    expect([code, signal, stderr]).toEqual([null, "SIGINT", `${stillRunning("batch_1")}\n`]);
  });
});
