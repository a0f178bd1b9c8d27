import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, usage } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-submit-"));
afterAll(() => rmSync(folder, { recursive: true }));
function writeInput(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const acceptedBatch = { status: 202, body: batchWith({ queued: 2 }) };

describe("`fleet submit`", () => {
  test("sends a .jsonl file unchanged, with an idempotency key and the bearer key", async () => {
    const { url, received } = await fakeFleet({ "POST /v1/batches": acceptedBatch });
    const lines = '{"prompt":"a"}\n{"prompt":"b"}\n';
    const result = await fleet([
      "submit",
      writeInput("a.jsonl", lines),
      "--url",
      url,
      "--key",
      "k1",
    ]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain("batch_1: 2 tasks accepted");
    expect(received[0]).toMatchObject({ body: lines });
    expect(received[0]?.headers).toMatchObject({
      authorization: "Bearer k1",
      "content-type": "application/x-ndjson",
      "idempotency-key": expect.stringMatching(/.{20,}/),
    });
  });

  test("reads tasks from standard input if the file is -", async () => {
    const { url, received } = await fakeFleet({ "POST /v1/batches": acceptedBatch });
    const result = await fleet(["submit", "-", "--url", url], { stdin: '{"prompt":"a"}\n' });
    expect(result.code).toBe(0);
    expect(received[0]?.body).toBe('{"prompt":"a"}\n');
  });

  test("makes one task per CSV row, with quotes and newlines in cells", async () => {
    const { url, received } = await fakeFleet({ "POST /v1/batches": acceptedBatch });
    const csv = writeInput(
      "rows.csv",
      '\ufeffsubject,custom_id\n"Late, again\nvery",T1\nBroken,T2\n',
    );
    const schema = writeInput("schema.json", '{"type":"object"}');
    const args = ["submit", csv, "--prompt", "Sort: {{ subject }}!", "--schema", schema];
    const result = await fleet([...args, "--file", schema, "--model", "m", "--url", url]);
    expect(result.code).toBe(0);
    const shared = {
      model: "m",
      output_schema: { type: "object" },
      files: { "schema.json": { base64: btoa('{"type":"object"}') } },
    };
    expect(
      received[0]?.body
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { ...shared, custom_id: "T1", prompt: "Sort: Late, again\nvery!" },
      { ...shared, custom_id: "T2", prompt: "Sort: Broken!" },
    ]);
  });

  test("keeps dollar signs and braces of a cell literal", async () => {
    const { url, received } = await fakeFleet({ "POST /v1/batches": acceptedBatch });
    const csv = writeInput("dollar.csv", "a,b\n$& {{b}},x\n");
    await fleet(["submit", csv, "--prompt", "{{a}}|{{b}}", "--url", url]);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({ prompt: "$& {{b}}|x" });
  });

  const rejected: [name: string, args: string[], message: string][] = [
    ["a CSV file without a prompt", ["c.csv"], "needs --prompt"],
    [
      "a prompt that names an unknown column",
      ["c.csv", "--prompt", "{{nope}}"],
      "the columns are: a, b",
    ],
    ["a prompt for a .jsonl file", ["c.jsonl", "--prompt", "x"], "--prompt is only for CSV"],
    ["a missing file", ["nothere.jsonl"], "cannot read"],
    ["results into a .txt file", ["c.jsonl", "-o", "x.txt"], "the name must end in .csv or .jsonl"],
    ["a file that is not UTF-8", ["latin.jsonl"], "is not UTF-8"],
    ["an empty file", ["empty.jsonl"], "is empty"],
  ];
  test.each(rejected)("rejects %s and sends nothing", async (_, [name = "", ...args], message) => {
    writeInput("c.csv", "a,b\n1,2\n");
    writeInput("c.jsonl", '{"prompt":"a"}\n');
    writeInput("empty.jsonl", "\n");
    writeFileSync(path.join(folder, "latin.jsonl"), Buffer.from([0x7b, 0xe9, 0x7d]));
    const { url, received } = await fakeFleet({});
    const result = await fleet(["submit", path.join(folder, name), ...args, "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
    expect(received).toEqual([]);
  });

  test("prints every faulty line that the API reports, and exits 2", async () => {
    const details = [
      { line: 3, path: "/prompt", message: "expected text" },
      { line: 17, path: "/colour", message: "unknown field" },
    ];
    const error = { code: "refused", message: "2 lines are refused", details };
    const { url } = await fakeFleet({ "POST /v1/batches": { status: 422, body: { error } } });
    const result = await fleet(["submit", writeInput("b.jsonl", "{}\n"), "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain("line 3: /prompt: expected text");
    expect(result.err).toContain("line 17: /colour: unknown field");
  });

  test("watches the batch and writes the results with -o, and exits 1 if a task failed", async () => {
    const line = { index: 0, custom_id: "a", task_id: "task_1", usage };
    const results = [
      {
        ...line,
        status: "succeeded",
        reason: "completed",
        output: { n: 1, text: '=cmd|"x"' },
        error: null,
      },
      {
        ...line,
        index: 1,
        custom_id: "b",
        status: "failed",
        reason: "budget_steps",
        output: null,
        error: { code: "budget_steps", message: "used up" },
      },
    ];
    const { url } = await fakeFleet({
      "POST /v1/batches": acceptedBatch,
      "GET /v1/batches/batch_1": [
        { body: batchWith({ running: 2 }) },
        { body: batchWith({ succeeded: 1, failed: 1 }, "finished") },
      ],
      "GET /v1/batches/batch_1/results": {
        text: results.map((r) => `${JSON.stringify(r)}\n`).join(""),
      },
    });
    const file = path.join(folder, "out.csv");
    const result = await fleet(["submit", writeInput("d.jsonl", "{}\n"), "-o", file, "--url", url]);
    expect(result.code).toBe(1);
    expect(readFileSync(file, "utf8").split("\r\n")).toEqual([
      "index,custom_id,task_id,status,reason,output.n,output.text,error,tokens,cost_usd",
      `0,a,task_1,succeeded,completed,1,"'=cmd|""x""",,1000,0.0123`,
      "1,b,task_1,failed,budget_steps,,,budget_steps: used up,1000,0.0123",
      "",
    ]);
  });
});
