import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Value } from "@sinclair/typebox/value";
import { afterAll, describe, expect, test } from "vitest";
import { JsonBatch } from "../../../../shared/task/batch.ts";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-chain-"));
afterAll(() => rmSync(folder, { recursive: true }));
function writeInput(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const first = "batch_0";
const after = { batch: first, status: ["succeeded" as const] };
const waitingBatch = (queued: number) => ({
  status: 202,
  body: { ...batchWith({ queued }), waiting: true, after },
});
const fleetThatAccepts = (queued: number) =>
  fakeFleet({ "POST /v1/batches": waitingBatch(queued) });

describe("`fleet submit --after`", () => {
  test("sends `after` of NDJSON lines in the query, and prints it", async () => {
    const { url, received } = await fleetThatAccepts(2);
    const lines = '{"prompt":"a"}\n{"prompt":"b"}\n';
    const file = writeInput("a.jsonl", lines);
    const result = await fleet(["submit", file, "--after", first, "--url", url]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain("batch_1: 2 tasks accepted, starting when batch_0 is finished\n");
    const { searchParams } = new URL(received[0]?.path ?? "", url);
    expect(JSON.parse(searchParams.get("after") ?? "")).toEqual({ batch: first });
    expect(received[0]?.body).toBe(lines);
  });

  test("sends `after` of CSV rows in the query", async () => {
    const { url, received } = await fleetThatAccepts(1);
    const file = writeInput("a.csv", "a\n1\n");
    await fleet(["submit", file, "--prompt", "{{a}}", "--after", first, "--url", url]);
    expect(received[0]?.path).toBe("/v1/batches?after=%7B%22batch%22%3A%22batch_0%22%7D");
  });

  test("adds `after` to a JSON body, such as a template", async () => {
    const { url, received } = await fleetThatAccepts(0);
    const template = { prompt: "Check {{item.output.text}}." };
    const file = writeInput("t.json", JSON.stringify({ template }));
    const args = ["submit", file, "--after", first, "--after-status", "failed, dead"];
    expect((await fleet([...args, "--url", url])).code).toBe(0);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      template,
      after: { batch: first, status: ["failed", "dead"] },
    });
  });

  test("makes one task per result without a file, with the task of the result as `custom_id`", async () => {
    const { url, received } = await fleetThatAccepts(0);
    const prompt = "Check {{item.output.text}}.";
    const args = ["submit", "--after", first, "--prompt", prompt, "--model", "m"];
    const result = await fleet([...args, "--url", url]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain(
      "batch_1 waits for batch_0: each succeeded result becomes a task\nWatch it: fleet watch",
    );
    const body = JSON.parse(received[0]?.body ?? "");
    expect(body).toEqual({
      after: { batch: first },
      template: { model: "m", custom_id: "{{item.task_id}}", prompt },
    });
    expect(Value.Check(JsonBatch, body)).toBe(true);
  });

  test("warns if every task would get the same prompt", async () => {
    const { url } = await fleetThatAccepts(0);
    const result = await fleet(["submit", "--after", first, "--prompt", "Check.", "--url", url]);
    expect(result.code).toBe(0);
    expect(result.err).toContain("uses no field of the result, so every task gets the same prompt");
  });

  test.each([
    [["--after", "task_1", "a.jsonl"], "takes the id of a batch"],
    [["--after", "first", "a.jsonl"], "is not an id"],
    [["--after-status", "failed", "a.jsonl"], "add --after <batch>"],
    [["--after", first, "--after-status", "good", "a.jsonl"], "succeeded, failed"],
    [["--after", first, "named.json"], 'has its own "after"'],
    [["--after", first, "list.json"], "is not a batch"],
    [["--after", first], "name a file, or make tasks from the results of a batch"],
    [["--prompt", "Check {{item.output.text}}"], "name a file, or make tasks"],
    [["--after", first, "--prompt", "{{item}}", "--csv"], "--csv needs a CSV file"],
    [["--after", first, "--prompt", "{{item}}", "--dry-run"], "--dry-run needs a file"],
  ])("%j is a usage error with a hint, and sends nothing", async (args, message) => {
    writeInput("a.jsonl", '{"prompt":"a"}\n');
    writeInput("named.json", JSON.stringify({ after, tasks: [] }));
    writeInput("list.json", "[]");
    const { url, received } = await fakeFleet({});
    const withPaths = args.map((word) => (/\.jsonl?$/.test(word) ? path.join(folder, word) : word));
    const result = await fleet(["submit", ...withPaths, "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
    expect(received).toEqual([]);
  });
});

describe("a batch without tasks says why", () => {
  const rejection = {
    ...batchWith({}, "finished"),
    after: { batch: first, status: ["succeeded" as const] },
    waiting: false,
    error: {
      code: "refused",
      message:
        "1 task is invalid, so no task was accepted: fix what details lists and send the batch again",
      details: [{ line: 1, path: "prompt", message: "{{item.output.a}} is not in this item" }],
    },
  };
  const waiting = { ...batchWith({}), after: rejection.after, waiting: true };

  test.each([[[]], [["-o", path.join(folder, "none.csv")]]])(
    "a refused batch that submit %j watches",
    async (options) => {
      const { url } = await fakeFleet({
        "POST /v1/batches": { status: 202, body: waiting },
        "GET /v1/batches/batch_1": [{ body: waiting }, { body: rejection }],
      });
      const args = [
        "submit",
        "--after",
        first,
        "--prompt",
        "{{item.output.a}}",
        "--watch",
        ...options,
      ];
      const { code, out } = await fleet([...args, "--url", url]);
      expect(code).toBe(1);
      expect(out.trim().split("\n")).toEqual([
        `batch_1 waits for ${first}: each succeeded result becomes a task`,
        `waits for ${first}`,
        "refused: 1 task is invalid, so no task was accepted: fix the faults below and send the batch again",
        "  line 1: prompt: {{item.output.a}} is not in this item",
      ]);
    },
  );

  test("one that waits and one that was refused in the list", async () => {
    const body = { batches: [waiting, rejection, batchWith({ queued: 3 })], next_cursor: null };
    const { url } = await fakeFleet({ "GET /v1/batches": { body } });
    const { out } = await fleet(["batches", "--url", url]);
    expect(out).toContain(`waits for ${first}`);
    expect(out).toContain("not started: refused");
    expect(out).toMatch(/running +3 +0 +0/);
    expect(out).not.toMatch(/ 0 +0 +0 /);
  });
});
