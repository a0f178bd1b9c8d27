import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-dry-"));
afterAll(() => rmSync(folder, { recursive: true }));
function writeInput(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
}

const report = {
  dry_run: true,
  total: 2,
  acceptable: true,
  ready: true,
  faults: [],
  faults_unlisted: 0,
  warnings: [],
  warnings_unlisted: 0,
  policies: [
    {
      policy: "shop",
      tasks: 2,
      hosts: ["shop.example"],
      secrets: [{ name: "KEY", set: false }],
      routes: [],
    },
  ],
  models: [{ model: "m", tasks: 2, price: { input: 2, cached: 1, output: 10 } }],
  estimate: {
    first_calls: { prompt_tokens: 3_200, completion_tokens: 400, cost_usd: 0.0104 },
    worst_case: { tokens: 2_000_000, cost_usd: 2 },
  },
  assumptions: ["tokens are estimated"],
};
const script = (change: object) => ({ "POST /v1/batches": { body: { ...report, ...change } } });
const warning = { line: 2, path: "policy", message: "is missing a secret" };

test.each([
  ["is ready", {}, 0, "2 tasks would be accepted"],
  ["would be rejected", { acceptable: false, ready: false, faults: [warning] }, 2, "line 2"],
  ["misses something", { ready: false, warnings: [warning] }, 1, "is missing a secret"],
])(
  "the dry run of a batch that %s prints its report and submits nothing",
  async (_, change, code, text) => {
    const { url, received } = await fakeFleet(script(change));
    const result = await fleet([
      "submit",
      writeInput("a.jsonl", '{"prompt":"a"}\n'),
      "--dry-run",
      "--url",
      url,
    ]);
    expect(result.code).toBe(code);
    expect(result.out).toContain(text);
    expect(result.out).toContain("nothing was submitted");
    expect(result.out).toContain("reaches shop.example; secret KEY is not set");
    expect(result.out).toContain("$2.00 in, $10.00 out per million tokens");
    expect(result.out).toContain("2M tokens, $2.00");
    expect(result.out).toContain("assumption: tokens are estimated");
    expect(received.map((request) => `${request.method} ${request.path}`)).toEqual([
      "POST /v1/batches?dry_run=true",
    ]);
    expect(received[0]?.headers["idempotency-key"]).toBeUndefined();
  },
);

test("the dry run of a CSV file reports lines of that file", async () => {
  const { url } = await fakeFleet(script({ ready: false, warnings: [{ ...warning, line: 1 }] }));
  const file = writeInput("a.csv", 'name\n\n"Acme"\n');
  const result = await fleet([
    "submit",
    file,
    "--prompt",
    "{{name}}",
    "--dry-run",
    "--json",
    "--url",
    url,
  ]);
  expect(JSON.parse(result.out).warnings[0].line).toBe(3);
});

test("a dry run cannot be watched", async () => {
  const { url } = await fakeFleet({});
  const file = writeInput("b.jsonl", '{"prompt":"a"}\n');
  const result = await fleet(["submit", file, "--dry-run", "--watch", "--url", url]);
  expect(result.code).toBe(2);
  expect(result.err).toContain("leave out --watch");
});

test("the dry run prints the first task as it will be submitted, with the options", async () => {
  const { url } = await fakeFleet(script({}));
  const file = writeInput("first.csv", "a\nTern\nGull\n");
  const args = ["submit", file, "--prompt", "Rate {{a}}", "--limits", "steps=5", "--model", "m"];
  const { out } = await fleet([...args, "--dry-run", "--url", url]);
  const [, first = ""] = /^first task: (.*)$/m.exec(out) ?? [];
  expect(JSON.parse(first)).toEqual({
    limits: { steps: 5 },
    model: "m",
    custom_id: "row-1",
    prompt: "Rate Tern",
  });
});
