/** The same command twice is one batch, and a command that was stopped can still write its file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, type Script, usage } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet same-"));
afterAll(() => rmSync(folder, { recursive: true }));
function writeInput(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const accepted = { status: 202, body: batchWith({ queued: 2 }) };
const existing = { status: 200, body: batchWith({ running: 1, succeeded: 1 }) };
const csv = writeInput("rows.csv", "a\n1\n2\n");
const submit = (...extraOptions: string[]) => [
  "submit",
  csv,
  "--prompt",
  "Rate {{a}}",
  ...extraOptions,
];

/** The key that each command sends. */
async function keysOf(commands: string[][], options: { stdin?: string } = {}) {
  const { url, received } = await fakeFleet({ "POST /v1/batches": accepted });
  for (const args of commands) await fleet([...args, "--url", url], options);
  return received.map(({ headers }) => headers["idempotency-key"]);
}

describe("`fleet submit` derives an idempotency key", () => {
  test("the same input and options have the same key, wherever the results go", async () => {
    const commands = [submit(), submit(), submit("--json"), submit("--key", "other")];
    const [first, ...rest] = await keysOf(commands);
    expect(first).toMatch(/^cli-[0-9a-f]{64}$/);
    for (const key of rest) expect(key).toBe(first);
  });

  test("another input or option has another key", async () => {
    const other = writeInput("other.csv", "a\n1\n3\n");
    const keys = await keysOf([
      submit(),
      submit("--model", "m"),
      ["submit", other, "--prompt", "Rate {{a}}"],
      ["submit", csv, "--prompt", "Judge {{a}}"],
      submit("--after", "batch_1"),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("`--again` and `--idempotency-key` replace it", async () => {
    const keys = await keysOf([
      submit("--again"),
      submit("--again"),
      submit("--idempotency-key", "mine"),
    ]);
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe("mine");
    const result = await fleet(submit("--again", "--idempotency-key", "mine"));
    expect([result.code, result.err]).toEqual([2, expect.stringContaining("--again")]);
  });
});

const line = { index: 0, custom_id: "row-1", task_id: "task_1", usage };
const result = { ...line, status: "succeeded", reason: "completed", output: { n: 1 }, error: null };
const results = `${JSON.stringify(result)}\n${JSON.stringify({ ...result, index: 1, custom_id: "row-2" })}\n`;
const finishing: Script = {
  "GET /v1/batches/batch_1": [
    { body: batchWith({ running: 2 }) },
    { body: batchWith({ succeeded: 2 }, "finished") },
  ],
  "GET /v1/batches/batch_1/results": { text: results },
};

describe("the same command again", () => {
  test("the same command names the batch and how to submit it again", async () => {
    const { url } = await fakeFleet({ "POST /v1/batches": existing });
    const { code, out } = await fleet([...submit(), "--url", url]);
    expect(code).toBe(0);
    expect(out).toContain(
      "batch_1: submitted before, on 2026-01-01T00:00:00.000Z, with the same input and options: running, 1 of 2 tasks settled. To submit it again, add --again",
    );
    expect(out).not.toContain("accepted");
  });

  test("continues watching and writes the file", async () => {
    const { url } = await fakeFleet({ ...finishing, "POST /v1/batches": existing });
    const file = path.join(folder, "again.csv");
    expect(await fleet([...submit("-o", file), "--url", url])).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toMatch(/^a,status,.*\r\n1,succeeded,/);
  });
});

describe("Ctrl-C with -o", () => {
  test("names the one command that writes the file, which works as it is printed", async () => {
    const { url } = await fakeFleet({ ...finishing, "POST /v1/batches": accepted });
    const environment = { FLEET_URL: url };
    const semicolons = writeInput("semi colons.csv", "a;b\n1;x\n2;y\n");
    const file = path.join(folder, "an answer.csv");
    const args = ["submit", semicolons, "--delimiter", ";", "--prompt", "{{a}}", "-o", file];
    const { err } = await fleet(args, { environment, interrupted: true });
    const undisturbed = readFileSync(file, "utf8");
    rmSync(file);
    const command = `fleet watch batch_1 --input '${semicolons}' --delimiter ';' -o '${file}'`;
    expect(err).toContain(
      `batch_1 is still running. To write ${file} when it is finished: ${command}. Stop it: fleet cancel batch_1`,
    );
    const printed = ["watch", "batch_1", "-o", file, "--input", semicolons, "--delimiter", ";"];
    expect(await fleet(printed, { environment })).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toBe(undisturbed);
  });

  test("names the address where it was an option, and no key", async () => {
    const { url } = await fakeFleet({ ...finishing, "POST /v1/batches": accepted });
    const args = ["submit", writeInput("t.jsonl", "{}\n"), "-o", path.join(folder, "t.csv")];
    const { err } = await fleet([...args, "--url", url, "--key", "k1"], { interrupted: true });
    expect(err).toContain(`fleet watch batch_1 -o '${path.join(folder, "t.csv")}' --url ${url}.`);
    expect(err).not.toContain("k1");
  });
});

describe("`fleet watch -o`", () => {
  test.each([
    ["a task", ["task_1", "-o", "x.csv"], "-o needs a batch"],
    ["an input without -o", ["batch_1", "--input", csv], "--input needs -o with a .csv file"],
    ["another kind of file", ["batch_1", "-o", "x.txt"], "must end in .csv or .jsonl"],
  ])("refuses %s", async (_name, args, message) => {
    const { code, err } = await fleet(["watch", ...args, "--url", "http://127.0.0.1:1"]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});
