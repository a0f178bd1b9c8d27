import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith, usage } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-wording-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("text output", () => {
  test.each([
    ["GET /v1/tasks/task_1/egress", { decisions: [] }, ["egress", "task_1"], "No requests."],
    ["GET /v1/tasks/task_1/files", { files: [] }, ["files", "task_1"], "No files."],
    ["GET /v1/tasks/task_1/steps", { steps: [] }, ["steps", "task_1"], "No steps yet."],
    ["GET /v1/tasks", { tasks: [], next_cursor: null }, ["list"], "No tasks."],
  ])("an empty table of %s is a sentence", async (address, body, args, sentence) => {
    const { url } = await fakeFleet({ [address]: { body } });
    expect(await fleet([...args, "--url", url])).toMatchObject({ code: 0, out: `${sentence}\n` });
    expect(await fleet([...args, "--json", "--url", url])).toMatchObject({ code: 0, out: "" });
  });

  test("a count of one is singular", async () => {
    const file = path.join(folder, "one.jsonl");
    writeFileSync(file, '{"prompt":"a"}\n');
    const { url } = await fakeFleet({
      "POST /v1/batches": { status: 202, body: batchWith({ queued: 1 }) },
    });
    const result = await fleet(["submit", file, "--url", url]);
    expect(result.out).toContain("batch_1: 1 task accepted");
  });

  test.each([
    ["the first attempt", { attempt: 0 }, "1"],
    ["an attempt after a failed one", { attempt: 1 }, "2, 1 failed"],
    ["only failed attempts", { attempt: 3, status: "dead" }, "3, 3 failed"],
    ["no attempt yet", { attempt: 0, status: "queued", started_at: null }, "0"],
  ] as const)("get counts %s", async (_, fields, attempts) => {
    const { url } = await fakeFleet({ "GET /v1/tasks/task_1": { body: taskWith(fields) } });
    const { out } = await fleet(["get", "task_1", "--url", url]);
    expect(/^attempts +(.*)$/m.exec(out)?.[1]).toBe(attempts);
  });

  test.each([
    ["the rehearsal model", "rehearsal", { ...usage, cost_usd: 0 }, "$0"],
    ["a model without a known price", "qwen3:8b", { ...usage, cost_usd: 0 }, "unpriced"],
    ["a model with a price", "@cf/a/b", usage, "$0.01"],
    [
      "a task without a model call",
      "qwen3:8b",
      { ...usage, prompt_tokens: 0, completion_tokens: 0, cost_usd: 0 },
      "$0",
    ],
  ])("get and list show the cost of %s", async (_, model, usage, cost) => {
    const task = taskWith({ model, usage: usage });
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": { body: task },
      "GET /v1/tasks": { body: { tasks: [task], next_cursor: null } },
    });
    const { out } = await fleet(["get", "task_1", "--url", url]);
    expect(/^usage .*, (\S+)$/m.exec(out)?.[1]).toBe(cost);
    expect((await fleet(["list", "--url", url])).out).toMatch(
      new RegExp(` ${cost.replace("$", "\\$")}  +2026`),
    );
  });

  test("get of a batch reads the model of one task to explain a cost of 0", async () => {
    const body = { ...batchWith({ succeeded: 1 }), usage: { ...usage, cost_usd: 0 } };
    const tasks = [taskWith({ model: "qwen3:8b" })];
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": { body },
      "GET /v1/tasks": { body: { tasks, next_cursor: null } },
    });
    expect((await fleet(["get", "batch_1", "--url", url])).out).toContain("1,000 tokens, unpriced");
  });

  test("watch shows no rate until one is known, and the average at the end", async () => {
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": [
        { body: batchWith({ queued: 60 }) },
        { body: batchWith({ succeeded: 60 }, "finished") },
      ],
    });
    const { out } = await fleet(["watch", "batch_1", "--url", url]);
    const [first, last] = out.trim().split("\n");
    expect(first).not.toMatch(/\/s|ETA/);
    expect(last).toContain("1.0/s on average");
  });

  test("`--version` prints the version of the package", async () => {
    expect(await fleet(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      err: "",
    });
  });
});
