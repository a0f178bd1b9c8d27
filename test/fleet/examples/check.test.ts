import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { findDifferences, findLeaks, type Trace } from "../../../examples/demo/check.ts";
import { choosePlace } from "../../../examples/demo/place.ts";
import { filesContaining } from "../../../examples/demo/state_scan.ts";
import type { Expectation } from "../../../examples/expectations.ts";
import { taskWith } from "../cli/fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

const trace: Trace = {
  task: taskWith({ output: { text: "12 units", n: 1 }, quirks: ["json_repaired"] }),
  steps: [
    { seq: 1, kind: "tool", name: "run_code", status: "done", started_at: "", duration_ms: 1 },
  ],
  decisions: [
    {
      at: "",
      method: "GET",
      url: "",
      action: "deny",
      policy: "",
      rule: null,
      reason: "",
      status: null,
      bytes_in: 0,
      bytes_out: 0,
      credential: null,
      duration_ms: 0,
      step: 1,
    },
  ],
  files: { "a.md": "one two", "b.md": null },
};
const satisfied: Expectation = {
  status: "succeeded",
  reason: "completed",
  output: { text: "12 units", n: 1 },
  text: "12 units",
  tools: ["run_code"],
  quirks: ["json_repaired"],
  egress: { deny: 1 },
  files: { "a.md": { contains: ["two"], excludes: ["three"] } },
};

describe("the comparison of the demo", () => {
  test("finds no difference if everything is as expected", () => {
    expect(findDifferences(satisfied, trace)).toEqual([]);
  });

  const wrong: [name: string, change: Partial<Expectation>, message: string][] = [
    ["status", { status: "failed" }, 'status should be "failed", is "succeeded"'],
    ["reason", { reason: "budget_steps" }, "reason should be"],
    ["output", { output: { text: "12 units", n: 2 } }, "output should be"],
    ["text", { text: "13" }, 'the output text lacks "13"'],
    ["tools", { tools: [] }, "tool steps should be"],
    ["quirks", { quirks: ["other"] }, "quirk other is missing"],
    ["egress", { egress: { inject: 1 } }, "decisions should be"],
    ["a missing word", { files: { "a.md": { contains: ["three"] } } }, "a.md does not contain"],
    [
      "an excluded word",
      { files: { "a.md": { contains: [], excludes: ["one"] } } },
      "a.md contains",
    ],
    ["a missing file", { files: { "b.md": { contains: [] } } }, "there is no file b.md"],
  ];
  test.each(wrong)("finds a difference of %s", (_, change, message) => {
    const differences = findDifferences({ ...satisfied, ...change }, trace);
    expect(differences).toHaveLength(1);
    expect(differences[0]).toContain(message);
  });

  test("finds the credential in a trace, plain and as base64", () => {
    expect(findLeaks("s3cret-value", trace)).toEqual([]);
    for (const form of ["s3cret-value", btoa("s3cret-value")]) {
      const leaking = { ...trace, files: { "a.md": `x ${form} y` } };
      expect(findLeaks("s3cret-value", leaking)).toHaveLength(1);
    }
  });

  test("finds the credential in any file of the state", () => {
    mkdirSync(path.join(folder, "deep/er"), { recursive: true });
    writeFileSync(path.join(folder, "deep/er/x.sqlite"), Buffer.from("\0\0s3cret-value\0"));
    writeFileSync(path.join(folder, "fine.log"), "nothing");
    expect(filesContaining(folder, "s3cret-value")).toEqual(["deep/er/x.sqlite"]);
  });
});

describe("the place of the demo", () => {
  test("uses PORT and STATE_DIR like npm start", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(choosePlace({ PORT: String(port) })).rejects.toThrow("is in use");
    await new Promise((resolve) => server.close(resolve));
    expect(await choosePlace({ PORT: String(port) })).toEqual({
      port,
      stateDir: ".wrangler/state",
      isTemporary: false,
      note: null,
    });
    expect(await choosePlace({ PORT: String(port), STATE_DIR: "/x" })).toMatchObject({
      stateDir: "/x",
    });
  });

  test.each(["abc", "0", "70000", "80.5"])("rejects PORT %s", async (port) => {
    await expect(choosePlace({ PORT: port })).rejects.toThrow("1 to 65535");
  });
});
