import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const variant = (name: string, accuracy: number) => ({
  ...{ name, batch_id: "batch_1", rows: 4, accuracy, interval: { low: 0.3, high: 0.95 } },
  ...{ corrected_accuracy: null, pass_powers: [accuracy], invalid: 0, ungraded: 0 },
  ...{ cost_usd: 0.5, tokens: 1_000, latency_ms: { p50: 1_200, p95: 3_000 } },
});

const report = {
  graded: true,
  variants: [variant("small", 0.5), variant("large", 0.75)],
  comparisons: [
    {
      ...{ a: "small", b: "large", rows: 4, only_a: 0, only_b: 1, difference: -0.25 },
      ...{ interval: { low: -0.6, high: 0.1 }, p: 0.5, p_adjusted: 0.5 },
      ...{ method: "mcnemar_mid_p", better: null, rows_needed: 30 },
    },
  ],
  non_inferiority: [],
  agreement: { pairs: [{ a: "small", b: "large", share: 0.75 }], kappa: 0.5, label_next: [2] },
  judges: [],
};

const evaluation = (status: string, found: unknown = null) => ({
  ...{ id: "eval_1", name: null, status, rows: 4, samples: 1, rows_hash: "h", error: null },
  variants: [
    { name: "small", batch_id: "batch_1" },
    { name: "large", batch_id: "batch_2" },
  ],
  ...{ created_at: "2026-11-30T10:00:00.000Z", finished_at: null, report: found },
});

const folder = mkdtempSync(path.join(tmpdir(), "fleet-eval-"));
const gold = path.join(folder, "gold.csv");
writeFileSync(gold, "subject,label\nWhere is it?,order\n");

const script = {
  "POST /v1/evals": { status: 202, body: evaluation("running") },
  "POST /v1/evals/eval_1/grade": [
    { body: evaluation("running") },
    { body: evaluation("finished", report) },
  ],
};

const basic = ["eval", gold, "--prompt", "Label: {{subject}}", "--expect", "label"];

describe("`fleet eval`", () => {
  it("sends a variant for each prompt and model, waits, and prints the report", async () => {
    const { url, received } = await fakeFleet({
      ...script,
      "GET /v1/evals/eval_1/rows": { text: "" },
    });
    const models = ["--model", "small", "--model", "large", "--samples", "2", "--margin", "0.03"];
    const result = await fleet([...basic, ...models, "--url", url]);
    expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({
      rows: [{ subject: "Where is it?", label: "order" }],
      variants: [
        { name: "small", model: "small", prompt: "Label: {{item.subject}}" },
        { name: "large", model: "large", prompt: "Label: {{item.subject}}" },
      ],
      graders: [{ kind: "exact", output: "/text", expect: "label" }],
      ...{ samples: 2, margin: 0.03 },
    });
    expect(result.out).toContain("30.0 % to 95.0 %");
    expect(result.out).toContain("the rows do not suffice to say which is better");
    expect(result.out).toContain("about 30 rows would show such a difference");
  });

  it("sends the same idempotency key for the same command, and another with `--again`", async () => {
    const { url, received } = await fakeFleet(script);
    const args = [...basic, "--json", "--url", url];
    await fleet(args);
    await fleet(args);
    await fleet([...args, "--again"]);
    const keys = received
      .filter((call) => call.path === "/v1/evals")
      .map((call) => call.headers["idempotency-key"]);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("exits 1 and names each variant whose accuracy is under `--fail-under`", async () => {
    const { url } = await fakeFleet(script);
    const result = await fleet([...basic, "--fail-under", "0.6", "--json", "--url", url]);
    expect(result.code).toBe(1);
    expect(result.err).toBe("small: accuracy 0.500 is under 0.6\n");
  });

  it("writes every row with all answers as CSV that is safe in a spreadsheet", async () => {
    const tries = (output: unknown, pass: boolean) => [
      { task_id: "t", status: "succeeded", reason: null, output, pass, scores: [1] },
    ];
    const line = {
      ...{ row: 0, item: { subject: "Where is it?", label: "order" }, differs: true },
      variants: [
        { name: "small", tries: tries("=1+1", false) },
        { name: "large", tries: tries({ text: "order" }, true) },
      ],
    };
    const { url } = await fakeFleet({
      ...script,
      "GET /v1/evals/eval_1/rows": { text: `${JSON.stringify(line)}\n` },
    });
    const file = path.join(folder, "rows.csv");
    await fleet([...basic, "--json", "-o", file, "--url", url]);
    expect(readFileSync(file, "utf8").split("\r\n")).toEqual([
      "row,subject,label,small output,small pass,large output,large pass",
      `1,Where is it?,order,'=1+1,false,"{""text"":""order""}",true`,
      "",
    ]);
  });

  it.each([
    ["no prompt", [gold], /needs --prompt/],
    ["an unknown column", [gold, "--prompt", "{{other}}"], /columns are: subject, label/],
    ["a rubric without a judge", [...basic.slice(1), "--rubric", "x"], /need --judge/],
    ["a judge without a rubric", [...basic.slice(1), "--judge", "m"], /needs --rubric/],
  ])("%s is wrong usage", async (_, args, message) => {
    const result = await fleet(["eval", ...args, "--url", "http://127.0.0.1:9"]);
    expect(result.code).toBe(2);
    expect(result.err).toMatch(message);
  });
});
