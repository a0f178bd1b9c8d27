import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, usage } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-answers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const pathOf = (name: string) => path.join(folder, name);
function writeInput(name: string, text: string): string {
  writeFileSync(pathOf(name), text);
  return pathOf(name);
}

const line = (index: number, custom_id: string, output: unknown) => ({
  index,
  custom_id,
  task_id: `task_${index}`,
  status: "succeeded",
  reason: "completed",
  output,
  error: null,
  usage,
});
const failed = {
  ...line(1, "row-2", null),
  status: "failed",
  reason: "budget_steps",
  error: { code: "budget_steps", message: "used up" },
};
const script = (...lines: object[]) => ({
  "POST /v1/batches": { status: 202, body: batchWith({ queued: lines.length }) },
  "GET /v1/batches/batch_1": { body: batchWith({ succeeded: lines.length }, "finished") },
  "GET /v1/batches/batch_1/results": {
    text: lines.map((each) => `${JSON.stringify(each)}\n`).join(""),
  },
});
const rowsOf = (file: string) => readFileSync(file, "utf8").split("\r\n").slice(0, -1);
const csv = 'company,founded\n"Acme, Inc.",1901\n-5 °C,1989\n';

describe("the results of a CSV file", () => {
  const joined = [
    "company,founded,status,reason,output.age,error,tokens,cost_usd,task_id",
    '"Acme, Inc.",1901,succeeded,completed,119,,1000,0.0123,task_0',
    "-5 °C,1989,failed,budget_steps,,budget_steps: used up,1000,0.0123,task_1",
  ];

  test("are next to their rows, the columns of the input first", async () => {
    const { url } = await fakeFleet(script(line(0, "row-1", { age: 119 }), failed));
    const args = [
      "submit",
      writeInput("c.csv", csv),
      "--prompt",
      "{{company}}",
      "-o",
      pathOf("a.csv"),
    ];
    await fleet([...args, "--url", url]);
    expect(rowsOf(pathOf("a.csv"))).toEqual(joined);
  });

  test.each([
    ["with a byte order mark, by which Excel reads umlauts", "\ufeff"],
    ["without one", ""],
  ])("start as the input does: %s", async (_name, mark) => {
    const { url } = await fakeFleet(script(line(0, "row-1", { age: 119 })));
    const input = writeInput("marked.csv", `${mark}company\nZoë\n`);
    const args = ["submit", input, "--prompt", "{{company}}", "-o", pathOf("marked-out.csv")];
    await fleet([...args, "--url", url]);
    expect(readFileSync(pathOf("marked-out.csv"), "utf8").startsWith(`${mark}company,`)).toBe(true);
    rmSync(pathOf("marked-out.csv"));
    const watch = ["watch", "batch_1", "-o", pathOf("marked-out.csv"), "--input", input];
    await fleet([...watch, "--url", url]);
    expect(readFileSync(pathOf("marked-out.csv"), "utf8").startsWith(`${mark}company,`)).toBe(true);
  });

  test("have no cost if the price of the model is unknown, because it is not free", async () => {
    const unpriced = {
      ...line(0, "row-1", null),
      usage: { ...usage, cost_usd: 0, unpriced_tokens: 9 },
    };
    const free = { ...line(1, "row-2", null), usage: { ...usage, cost_usd: 0 } };
    const { url } = await fakeFleet(script(unpriced, free));
    await fleet(["results", "batch_1", "-o", pathOf("u.csv"), "--url", url]);
    expect(rowsOf(pathOf("u.csv")).map((row) => row.split(",").at(-1))).toEqual([
      "cost_usd",
      "",
      "0",
    ]);
  });

  test("can be joined later by `fleet results --input`", async () => {
    const { url } = await fakeFleet(script(line(0, "row-1", { age: 119 }), failed));
    const args = ["results", "batch_1", "--input", writeInput("d.csv", csv), "-o", pathOf("b.csv")];
    expect(await fleet([...args, "--url", url])).toMatchObject({ code: 0 });
    expect(rowsOf(pathOf("b.csv"))).toEqual(joined);
  });

  test("are not joined with another file", async () => {
    const { url } = await fakeFleet(script(line(0, "other", { age: 119 })));
    const args = [
      "results",
      "batch_1",
      "--input",
      writeInput("e.csv", csv),
      "-o",
      pathOf("none.csv"),
    ];
    const result = await fleet([...args, "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain("is not the file");
    expect(existsSync(pathOf("none.csv"))).toBe(false);
  });

  test("keep a column of the input that has the name of a fleet column", async () => {
    const { url } = await fakeFleet(script(line(0, "T1", { n: 1 })));
    const file = writeInput("f.csv", "custom_id,status\nT1,open\n");
    const args = ["submit", file, "--prompt", "{{status}}", "-o", pathOf("f-out.csv")];
    await fleet([...args, "--url", url]);
    expect(rowsOf(pathOf("f-out.csv"))).toEqual([
      "custom_id,status,fleet.status,reason,output.n,error,tokens,cost_usd,task_id",
      "T1,open,succeeded,completed,1,,1000,0.0123,task_0",
    ]);
  });

  test.each([
    ["a missing folder", "nonexist/x.csv", "there is no folder"],
    ["a folder with the file's name", "taken.csv", "it is a folder"],
  ])("are not requested if they cannot be written because of %s", async (_, name, message) => {
    mkdirSync(pathOf("taken.csv"), { recursive: true });
    const { url, received } = await fakeFleet(script());
    const args = [
      "submit",
      writeInput("g.csv", csv),
      "--prompt",
      "{{company}}",
      "-o",
      pathOf(name),
    ];
    const result = await fleet([...args, "--url", url]);
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
    expect(received).toEqual([]);
  });

  test("are not lost if they cannot be written at the end: the error says how to fetch them", async () => {
    const output = pathOf("late/x.csv");
    mkdirSync(pathOf("late"));
    const { url } = await fakeFleet(script(line(0, "row-1", { age: 119 })));
    // The folder is removed while the batch runs.
    const now = () => {
      rmSync(pathOf("late"), { recursive: true, force: true });
      return 0;
    };
    const args = ["submit", writeInput("h.csv", csv), "--prompt", "{{company}}", "-o", output];
    const result = await fleet([...args, "--url", url], { now });
    expect(result.code).toBe(1);
    expect(result.err).toContain(`cannot write ${output} (ENOENT)`);
    expect(result.err).toContain(`fleet results batch_1 --input ${pathOf("h.csv")} -o`);
  });
});
