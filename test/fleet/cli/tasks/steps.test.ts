import { describe, expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const longText = `${"x".repeat(400)} the end`;
const code = "const rows = 1;\nconsole.log(rows);";
const steps = [
  {
    seq: 1,
    kind: "model",
    name: "m",
    status: "done",
    started_at: "2026-01-01T00:00:00.000Z",
    duration_ms: 5,
    usage: { prompt_tokens: 10, completion_tokens: 2, cost_usd: 0 },
    quirks: ["json_repaired"],
    input: { model: "m", offered: "tools" },
    output: { text: "Let me see.", calls: [{ name: "run_code", arguments: { code } }] },
  },
  {
    seq: 2,
    kind: "tool",
    name: "run_code",
    status: "done",
    started_at: "2026-01-01T00:00:01.000Z",
    duration_ms: 12,
    input: { code },
    output: longText,
  },
];
const script = { "GET /v1/tasks/task_1/steps": { body: { steps } } };

describe("`fleet steps`", () => {
  test("cuts nothing without a terminal", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["steps", "task_1", "--url", url]);
    expect(out).toContain(longText);
  });

  test("fits a terminal, and says how to print one step in full", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["steps", "task_1", "--url", url], { interactive: true });
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(160);
    expect(out).toContain("fleet steps task_1 <n>");
  });

  test("prints one step in full, with its code line by line and its whole output", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["steps", "task_1", "2", "--url", url], { interactive: true });
    expect(out).toContain("const rows = 1;\nconsole.log(rows);");
    expect(out).toContain(longText);
  });

  test("prints a model's text, its calls and their arguments", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["steps", "task_1", "1", "--url", url]);
    expect(out).toContain("Let me see.");
    expect(out).toContain("run_code");
    expect(out).toContain("const rows = 1;\nconsole.log(rows);");
    expect(out).toContain("json_repaired");
  });

  test("prints one step as JSON", async () => {
    const { url } = await fakeFleet(script);
    const { out } = await fleet(["steps", "task_1", "2", "--json", "--url", url]);
    expect(JSON.parse(out)).toEqual(steps[1]);
  });

  test.each([
    ["7", 5, "has 2 steps, but not 7"],
    ["x", 2, "a whole number"],
  ])("rejects the unknown step %s", async (step, code, message) => {
    const { url } = await fakeFleet(script);
    const result = await fleet(["steps", "task_1", step, "--url", url]);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });
});
