import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Value } from "@sinclair/typebox/value";
import { afterAll, describe, expect, test } from "vitest";
import { JsonBatch } from "../../../shared/batch.ts";
import { batchWith, fakeFleet, fleet } from "./fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-chain-"));
afterAll(() => rmSync(folder, { recursive: true }));
function given(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const first = "batch_0";
const after = { batch: first, status: ["succeeded" as const] };
const waiting = (queued: number) => ({
  status: 202,
  body: { ...batchWith({ queued }), waiting: true, after },
});
const answering = (queued: number) => fakeFleet({ "POST /v1/batches": waiting(queued) });

describe("fleet submit --after", () => {
  test("says in the query of lines which batch they wait for, and tells it to people", async () => {
    const { url, received } = await answering(2);
    const lines = '{"prompt":"a"}\n{"prompt":"b"}\n';
    const file = given("a.jsonl", lines);
    const ran = await fleet(["submit", file, "--after", first, "--url", url]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("batch_1: 2 tasks accepted, to begin when batch_0 is finished\n");
    const { searchParams } = new URL(received[0]?.path ?? "", url);
    expect(JSON.parse(searchParams.get("after") ?? "")).toEqual({ batch: first });
    expect(received[0]?.body).toBe(lines);
  });

  test("does so for the rows of a CSV file", async () => {
    const { url, received } = await answering(1);
    const file = given("a.csv", "a\n1\n");
    await fleet(["submit", file, "--prompt", "{{a}}", "--after", first, "--url", url]);
    expect(received[0]?.path).toBe("/v1/batches?after=%7B%22batch%22%3A%22batch_0%22%7D");
  });

  test("puts it into a JSON body, such as a template's", async () => {
    const { url, received } = await answering(0);
    const template = { prompt: "Check {{item.output.text}}." };
    const file = given("t.json", JSON.stringify({ template }));
    const words = ["submit", file, "--after", first, "--after-status", "failed, dead"];
    expect((await fleet([...words, "--url", url])).code).toBe(0);
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      template,
      after: { batch: first, status: ["failed", "dead"] },
    });
  });

  test("makes a task of each result without a file, named by the task whose result it is", async () => {
    const { url, received } = await answering(0);
    const prompt = "Check {{item.output.text}}.";
    const words = ["submit", "--after", first, "--prompt", prompt, "--model", "m"];
    const ran = await fleet([...words, "--url", url]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain(
      "batch_1 waits for batch_0: each succeeded result makes a task\nfollow it with",
    );
    const body = JSON.parse(received[0]?.body ?? "");
    expect(body).toEqual({
      after: { batch: first },
      template: { model: "m", custom_id: "{{item.task_id}}", prompt },
    });
    expect(Value.Check(JsonBatch, body)).toBe(true);
  });

  test("warns where each result would get the same prompt", async () => {
    const { url } = await answering(0);
    const ran = await fleet(["submit", "--after", first, "--prompt", "Check.", "--url", url]);
    expect(ran.code).toBe(0);
    expect(ran.err).toContain("names no field of a result; write {{item.output.text}}");
  });

  test.each([
    [["--after", "task_1", "a.jsonl"], "takes the id of a batch"],
    [["--after", "first", "a.jsonl"], "is no id"],
    [["--after-status", "failed", "a.jsonl"], "name that batch too"],
    [["--after", first, "--after-status", "good", "a.jsonl"], "succeeded, failed"],
    [["--after", first, "named.json"], 'names its own "after"'],
    [["--after", first, "list.json"], "holds no batch"],
    [["--after", first], "name a file, or make tasks of a batch's results"],
    [["--prompt", "Check {{item.output.text}}"], "name a file, or make tasks"],
    [["--after", first, "--prompt", "{{item}}", "--csv"], "--csv is for a CSV file"],
    [["--after", first, "--prompt", "{{item}}", "--dry-run"], "--dry-run needs a file"],
  ])("%j is wrong usage, says what to write and sends nothing", async (words, told) => {
    given("a.jsonl", '{"prompt":"a"}\n');
    given("named.json", JSON.stringify({ after, tasks: [] }));
    given("list.json", "[]");
    const { url, received } = await fakeFleet({});
    const placed = words.map((word) => (/\.jsonl?$/.test(word) ? path.join(folder, word) : word));
    const ran = await fleet(["submit", ...placed, "--url", url]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(told);
    expect(received).toEqual([]);
  });
});
