/** `fleet submit` can set what a task and a batch have. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-options-"));
afterAll(() => rmSync(folder, { recursive: true }));
function writeInput(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}
const csv = writeInput("a.csv", "a\n1\n");
const jsonl = writeInput("a.jsonl", '{"prompt":"a"}\n');

/** The query and the body of one submission. */
async function sent(args: string[]) {
  const accepted = { status: 202, body: batchWith({ queued: 1 }) };
  const { url, received } = await fakeFleet({ "POST /v1/batches": accepted });
  const result = await fleet(["submit", ...args, "--url", url]);
  const query = new URL(received[0]?.path ?? "/", url).searchParams;
  const head = Object.fromEntries([...query].map(([name, value]) => [name, JSON.parse(value)]));
  return { ...result, head, body: received[0]?.body ?? "" };
}

describe("options of the tasks are defaults of the batch", () => {
  test.each<[string[], object]>([
    [["--limits", '{"steps": 10, "cost_usd": 0.05}'], { limits: { steps: 10, cost_usd: 0.05 } }],
    [["--limits", "steps=10,cost_usd=0.05"], { limits: { steps: 10, cost_usd: 0.05 } }],
    [
      ["--tools", "run_code,read_file", "--tools", "fetch_url"],
      { tools: ["run_code", "read_file", "fetch_url"] },
    ],
    [["--mcp", "docs,search"], { mcp: ["docs", "search"] }],
    [["--skill", "tabular-data"], { skills: ["tabular-data"] }],
    [["--concurrency-key", "crm"], { concurrency: { key: "crm", limit: 1 } }],
    [["--concurrency-key", "crm=4"], { concurrency: { key: "crm", limit: 4 } }],
    [["--priority", "low", "--attempts", "5"], { priority: "low", attempts: 5 }],
    [["--defaults", '{"sampling": {"temperature": 0}}'], { sampling: { temperature: 0 } }],
    [
      ["--defaults", '{"limits": {"steps": 5, "tokens": 9}, "attempts": 2}', "--limits", "steps=7"],
      { limits: { steps: 7, tokens: 9 }, attempts: 2 },
    ],
  ])("%j", async (options, defaults) => {
    for (const file of [[csv, "--prompt", "{{a}}"], [jsonl]]) {
      const { code, err, head } = await sent([...file, ...options]);
      expect([code, err, head]).toEqual([0, "", { defaults }]);
    }
  });

  test("a file with defaults is read, and `--model` works for JSONL too", async () => {
    const file = writeInput("defaults.json", '{"attempts": 2}');
    const { head } = await sent([jsonl, "--defaults", `@${file}`, "--model", "m", "--policy", "p"]);
    expect(head).toEqual({ defaults: { attempts: 2, model: "m", policy: "p" } });
  });

  test("a template of results takes them itself", async () => {
    const { body } = await sent([
      "--after",
      "batch_1",
      "--prompt",
      "{{item.output}}",
      "--limits",
      "steps=3",
    ]);
    expect(JSON.parse(body)).toMatchObject({
      after: { batch: "batch_1" },
      template: { limits: { steps: 3 } },
    });
    expect(JSON.parse(body)).not.toHaveProperty("defaults");
  });
});

describe("options of the batch", () => {
  test("are sent in the query", async () => {
    const budget = ["--max-cost", "2.5", "--max-tokens", "100000"];
    const hook = ["--webhook", "https://example.com/hooks", "--webhook-secret", "HOOK_KEY"];
    const { head } = await sent([
      jsonl,
      ...budget,
      ...hook,
      "--label",
      "team=ops",
      "--name",
      "May",
    ]);
    expect(head).toEqual({
      limits: { cost_usd: 2.5, tokens: 100_000 },
      webhook: { url: "https://example.com/hooks", secret: "HOOK_KEY" },
      labels: { name: "May", team: "ops" },
      defaults: { labels: { team: "ops" } },
    });
  });

  test("are added to a JSON body, and not twice", async () => {
    const file = writeInput("b.json", '{"tasks": [{"prompt": "a"}], "defaults": {"attempts": 2}}');
    const { body, head } = await sent([file, "--max-cost", "1", "--limits", "steps=3"]);
    expect(head).toEqual({});
    expect(JSON.parse(body)).toEqual({
      tasks: [{ prompt: "a" }],
      defaults: { attempts: 2, limits: { steps: 3 } },
      limits: { cost_usd: 1 },
    });
    const inputFile = writeInput(
      "own.json",
      '{"tasks": [{"prompt": "a"}], "limits": {"tokens": 9}}',
    );
    const rejection = await sent([inputFile, "--max-cost", "1"]);
    expect([rejection.code, rejection.err]).toEqual([
      2,
      expect.stringContaining('its own "limits"'),
    ]);
  });
});

describe("a value that does not fit is refused before anything is sent", () => {
  test.each<[string[], string]>([
    [["--limits", "steps"], "--limits takes JSON"],
    [["--limits", '{"steps": }'], "--limits is not JSON"],
    [["--limits", "steps=many"], "--limits steps=many: write a number"],
    [["--defaults", "[]"], "--defaults must be a JSON object"],
    [["--max-cost", "a lot"], "--max-cost must be a number"],
    [["--max-tokens", "1.5"], "--max-tokens must be a whole number"],
    [["--attempts", "many"], "--attempts must be a whole number"],
    [["--concurrency-key", "crm=many"], "--concurrency-key crm=many"],
    [["--webhook", "https://example.com/"], "--webhook needs --webhook-secret"],
    [["--webhook-secret", "KEY"], "--webhook-secret needs --webhook"],
    [["--label", "team"], "write key=value"],
  ])("%j", async (options, message) => {
    const { code, err, body } = await sent([jsonl, ...options]);
    expect([code, err, body]).toEqual([2, expect.stringContaining(message), ""]);
  });
});
