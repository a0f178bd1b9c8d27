import { describe, expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const rejectedWith = (message: string, details: object[]) => ({
  "POST /v1/tasks/task_1/redrive": {
    status: 422,
    body: { error: { code: "refused", message, details } },
  },
});
const redrive = (url: string, ...options: string[]) =>
  fleet(["redrive", "task_1", ...options, "--url", url]);

describe("an API error is printed", () => {
  const modle = { path: "overrides.modle", message: 'unknown field: did you mean "model"?' };
  const steps = { path: "overrides.limits.steps", message: "write a whole number" };
  test.each([
    [
      "once if its message equals its only detail",
      `${modle.path}: ${modle.message}`,
      [modle],
      [`fleet: ${modle.path}: ${modle.message}`],
    ],
    [
      "with the path if the message does not have it",
      "write restart",
      [{ path: "mode", message: "write restart" }],
      ["fleet: mode: write restart"],
    ],
    [
      "as a list of faults if the message is the first of several",
      `${modle.path}: ${modle.message}, and 1 more (see details)`,
      [modle, steps],
      [
        "fleet: 2 faults:",
        `  ${modle.path}: ${modle.message}`,
        `  ${steps.path}: ${steps.message}`,
      ],
    ],
    [
      "with its faults if the message says something else",
      "1 task is refused",
      [{ line: 3, path: "prompt", message: "expected text" }],
      ["fleet: 1 task is refused", "  line 3: prompt: expected text"],
    ],
  ])("%s", async (_, message, details, lines) => {
    const { url } = await fakeFleet(rejectedWith(message, details));
    const result = await redrive(url);
    expect(result.code).toBe(2);
    expect(result.err.trimEnd().split("\n")).toEqual(lines);
  });

  test("unchanged with `--json`", async () => {
    const error = { code: "refused", message: "2 faults", details: [modle, steps] };
    const { url } = await fakeFleet(rejectedWith(error.message, error.details));
    const result = await redrive(url, "--json");
    expect(result.out).toBe("");
    expect(JSON.parse(result.err)).toEqual({ error });
  });

  test.each([
    ["an unknown option", ["list", "--nope"]],
    ["an unknown command", ["nope"]],
    ["no command", []],
    ["a missing file", ["submit", "/nonexist.jsonl"]],
  ])("as one JSON object with `--json` for %s", async (_, args) => {
    const result = await fleet([...args, "--json"]);
    expect(result.code).toBe(2);
    expect(JSON.parse(result.err)).toEqual({
      error: { code: "usage", message: expect.stringMatching(/./), details: [] },
    });
  });
});
