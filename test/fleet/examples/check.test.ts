import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { differences, leaks, type Trace } from "../../../examples/check.ts";
import type { Expectation } from "../../../examples/expectations.ts";
import { placeOfDemo } from "../../../examples/place.ts";
import { filesHolding } from "../../../examples/state-scan.ts";
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
const good: Expectation = {
  status: "succeeded",
  reason: "completed",
  output: { text: "12 units", n: 1 },
  text: "12 units",
  tools: ["run_code"],
  quirks: ["json_repaired"],
  egress: { deny: 1 },
  files: { "a.md": { holds: ["two"], lacks: ["three"] } },
};

describe("the demo's comparison", () => {
  test("finds nothing where all is as it must be", () => {
    expect(differences(good, trace)).toEqual([]);
  });

  const wrong: [name: string, change: Partial<Expectation>, told: string][] = [
    ["status", { status: "failed" }, 'status should be "failed", is "succeeded"'],
    ["reason", { reason: "budget_steps" }, "reason should be"],
    ["output", { output: { text: "12 units", n: 2 } }, "output should be"],
    ["text", { text: "13" }, 'the answer lacks "13"'],
    ["tools", { tools: [] }, "tool steps should be"],
    ["quirks", { quirks: ["other"] }, "quirks lack other"],
    ["egress", { egress: { inject: 1 } }, "decisions should be"],
    ["a missing word", { files: { "a.md": { holds: ["three"] } } }, "a.md lacks"],
    ["a word too many", { files: { "a.md": { holds: [], lacks: ["one"] } } }, "a.md holds"],
    ["a missing file", { files: { "b.md": { holds: [] } } }, "there is no file b.md"],
  ];
  test.each(wrong)("finds a difference of %s", (_, change, told) => {
    const found = differences({ ...good, ...change }, trace);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(told);
  });

  test("finds the credential in a trace, plain and as base64", () => {
    expect(leaks("s3cret-value", trace)).toEqual([]);
    for (const form of ["s3cret-value", btoa("s3cret-value")]) {
      const leaking = { ...trace, files: { "a.md": `x ${form} y` } };
      expect(leaks("s3cret-value", leaking)).toHaveLength(1);
    }
  });

  test("finds the credential in any file of the state", () => {
    mkdirSync(path.join(folder, "deep/er"), { recursive: true });
    writeFileSync(path.join(folder, "deep/er/x.sqlite"), Buffer.from("\0\0s3cret-value\0"));
    writeFileSync(path.join(folder, "fine.log"), "nothing");
    expect(filesHolding(folder, "s3cret-value")).toEqual(["deep/er/x.sqlite"]);
  });
});

describe("where the demo runs", () => {
  test("PORT and STATE_DIR as npm start has them", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(placeOfDemo({ PORT: String(port) })).rejects.toThrow("is taken");
    await new Promise((resolve) => server.close(resolve));
    expect(await placeOfDemo({ PORT: String(port) })).toEqual({
      port,
      stateDir: ".wrangler/state",
      fresh: false,
      note: null,
    });
    expect(await placeOfDemo({ PORT: String(port), STATE_DIR: "/x" })).toMatchObject({
      stateDir: "/x",
    });
  });

  test.each(["abc", "0", "70000", "80.5"])("PORT %s is wrong usage", async (port) => {
    await expect(placeOfDemo({ PORT: port })).rejects.toThrow("1 to 65535");
  });
});
