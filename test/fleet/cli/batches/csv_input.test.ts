import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));
function writeInput(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const accepting = { "POST /v1/batches": { status: 202, body: batchWith({ queued: 2 }) } };
const fleetThatRejects = (details: object[]) => ({
  "POST /v1/batches": {
    status: 422,
    body: { error: { code: "refused", message: "refused", details } },
  },
});

describe("`fleet submit` with a CSV file", () => {
  // Line 1 is the header, 2 is blank, 3 and 4 are one row, 5 is the next, 6 is blank, 7 is the last.
  const spread = 'a,b\r\n\r\n1,"x\r\ny"\r\n2,\r\n\r\n3,z';
  test.each([
    [1, 3],
    [2, 5],
    [3, 7],
  ])("reports row %d with line %d of the file, in text and in JSON", async (line, fileLine) => {
    const details = [{ line, path: "prompt", message: "is empty" }];
    const { url } = await fakeFleet(fleetThatRejects(details));
    const args = ["submit", writeInput("spread.csv", spread), "--prompt", "{{b}}", "--url", url];
    expect((await fleet(args)).err).toContain(`  line ${fileLine}: prompt: is empty`);
    expect(JSON.parse((await fleet([...args, "--json"])).err).error.details).toEqual([
      { ...details[0], line: fileLine },
    ]);
  });

  test("reports the same fault of many rows once", async () => {
    const wrong = { path: "policy", message: 'there is no policy "x"' };
    const details = [1, 2, 3, 4, 5].map((line) => ({ line, ...wrong }));
    const { url } = await fakeFleet(
      fleetThatRejects([...details, { line: 5, path: "prompt", message: "is too long" }]),
    );
    const csv = writeInput("five.csv", "a\n1\n2\n3\n4\n5\n");
    const result = await fleet(["submit", csv, "--prompt", "{{a}}", "--policy", "x", "--url", url]);
    expect(result.err.trimEnd().split("\n")).toEqual([
      "fleet: refused",
      '  lines 2, 3, 4 and 2 more: policy: there is no policy "x"',
      "  line 6: prompt: is too long",
    ]);
  });

  test("warns if every row would get the same prompt", async () => {
    const { url } = await fakeFleet(accepting);
    const csv = writeInput("same.csv", "company,founded\nAcme,1901\n");
    const result = await fleet(["submit", csv, "--prompt", "How old?", "--url", url]);
    expect(result.code).toBe(0);
    expect(result.err).toContain("every task gets the same prompt");
    expect(result.err).toContain("{{company}}");
  });

  test.each([
    [";", "company;founded\nAcme;1901\n"],
    [";", "company;founded\nAcme;1901,5\n"],
    ["tab", "company\tfounded\nAcme\t1901\n"],
  ])("suggests `--delimiter` for a file separated by %s", async (delimiter, text) => {
    const { url, received } = await fakeFleet(accepting);
    const csv = writeInput("separated.csv", text);
    const result = await fleet(["submit", csv, "--prompt", "{{company}}", "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain(`--delimiter "${delimiter}"`);
    expect(received).toEqual([]);
  });

  test.each([
    [";", "a;b\n1,5;x\n"],
    ["tab", "a\tb\n1,5\tx\n"],
  ])("reads a file separated by %s", async (delimiter, text) => {
    const { url, received } = await fakeFleet(accepting);
    const args = ["submit", writeInput("p.csv", text), "--prompt", "{{a}}|{{b}}"];
    await fleet([...args, "--delimiter", delimiter, "--url", url]);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({ prompt: "1,5|x" });
  });

  test("rejects a duplicate column", async () => {
    const csv = writeInput("twice.csv", "a,a\n1,2\n");
    const result = await fleet(["submit", csv, "--prompt", "{{a}}"]);
    expect(result.code).toBe(2);
    expect(result.err).toContain('two columns "a"');
  });

  test("`--csv` reads standard input as CSV", async () => {
    const { url, received } = await fakeFleet(accepting);
    const args = ["submit", "-", "--csv", "--prompt", "{{a}}", "--url", url];
    expect(await fleet(args, { stdin: "a\nx\n" })).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({ prompt: "x" });
  });

  test.each([
    ['{"prompt": "a"}\n', 2, "this looks like JSONL"],
    ["a\nx\n", 0, ""],
  ])("standard input with `--prompt` is CSV: %j", async (stdin, code, message) => {
    const { url, received } = await fakeFleet(accepting);
    const result = await fleet(["submit", "-", "--prompt", "{{a}}", "--url", url], { stdin });
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
    expect(received).toHaveLength(code === 0 ? 1 : 0);
  });

  test("a line `sep=` is read without `--delimiter`", async () => {
    const { url, received } = await fakeFleet(accepting);
    const csv = writeInput("excel.csv", "\ufeffsep=;\r\nboat;pier\r\nTern;North\r\n");
    await fleet(["submit", csv, "--prompt", "{{boat}}, {{pier}}", "--url", url]);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({ prompt: "Tern, North" });
  });

  test("the help explains that `-` reads standard input", async () => {
    expect((await fleet(["submit", "--help"])).out.replace(/\s+/g, " ")).toContain(
      "- for standard input (JSONL, or CSV with --csv)",
    );
  });
});
