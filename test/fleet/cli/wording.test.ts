import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, taskWith, usage } from "./fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-words-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("what people read", () => {
  test.each([
    ["GET /v1/tasks/task_1/egress", { decisions: [] }, ["egress", "task_1"], "No requests."],
    ["GET /v1/tasks/task_1/files", { files: [] }, ["files", "task_1"], "No files."],
    ["GET /v1/tasks/task_1/steps", { steps: [] }, ["steps", "task_1"], "No steps yet."],
    ["GET /v1/tasks", { tasks: [], next_cursor: null }, ["list"], "No tasks."],
  ])("an empty table is a sentence: %s", async (address, body, words, told) => {
    const { url } = await fakeFleet({ [address]: { body } });
    expect(await fleet([...words, "--url", url])).toMatchObject({ code: 0, out: `${told}\n` });
    expect(await fleet([...words, "--json", "--url", url])).toMatchObject({ code: 0, out: "" });
  });

  test("one task is no tasks", async () => {
    const file = path.join(folder, "one.jsonl");
    writeFileSync(file, '{"prompt":"a"}\n');
    const { url } = await fakeFleet({
      "POST /v1/batches": { status: 202, body: batchWith({ queued: 1 }) },
    });
    const ran = await fleet(["submit", file, "--url", url]);
    expect(ran.out).toContain("batch_1: 1 task accepted");
  });

  test.each([
    ["the first try", { attempt: 0 }, "1"],
    ["a try after one that failed", { attempt: 1 }, "2, 1 failed"],
    ["every try failed", { attempt: 3, status: "dead" }, "3, 3 failed"],
    ["not begun", { attempt: 0, status: "queued", started_at: null }, "0"],
  ] as const)("get counts the attempts: %s", async (_, fields, told) => {
    const { url } = await fakeFleet({ "GET /v1/tasks/task_1": { body: taskWith(fields) } });
    const { out } = await fleet(["get", "task_1", "--url", url]);
    expect(/^attempts +(.*)$/m.exec(out)?.[1]).toBe(told);
  });

  test.each([
    ["the rehearsal", "rehearsal", { ...usage, cost_usd: 0 }, "$0"],
    ["a model without a known price", "qwen3:8b", { ...usage, cost_usd: 0 }, "unpriced"],
    ["a model with a price", "@cf/a/b", usage, "$0.01"],
    [
      "a task that asked no model",
      "qwen3:8b",
      { ...usage, prompt_tokens: 0, completion_tokens: 0, cost_usd: 0 },
      "$0",
    ],
  ])("get and list tell nothing spent from no price known: %s", async (_, model, used, told) => {
    const task = taskWith({ model, usage: used });
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": { body: task },
      "GET /v1/tasks": { body: { tasks: [task], next_cursor: null } },
    });
    const { out } = await fleet(["get", "task_1", "--url", url]);
    expect(/^usage .*, (\S+)$/m.exec(out)?.[1]).toBe(told);
    expect((await fleet(["list", "--url", url])).out).toMatch(
      new RegExp(` ${told.replace("$", "\\$")}  +2026`),
    );
  });

  test("get of a batch asks one of its tasks whether nothing spent means no price", async () => {
    const body = { ...batchWith({ succeeded: 1 }), usage: { ...usage, cost_usd: 0 } };
    const tasks = [taskWith({ model: "qwen3:8b" })];
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1": { body },
      "GET /v1/tasks": { body: { tasks, next_cursor: null } },
    });
    expect((await fleet(["get", "batch_1", "--url", url])).out).toContain("1,000 tokens, unpriced");
  });

  test("watch says no rate before one is known, and the average at the end", async () => {
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

  test("--version is the package's", async () => {
    expect(await fleet(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      err: "",
    });
  });
});
