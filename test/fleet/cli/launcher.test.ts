import { spawnSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };

const launcher = path.resolve(manifest.bin.fleet);
const run = (flags: string[], words: string[]) =>
  spawnSync(process.execPath, [...flags, launcher, ...words], {
    cwd: os.tmpdir(),
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });

describe("the bin", () => {
  test.each([
    ["a Node that strips types", []],
    ["a Node that does not", ["--no-strip-types"]],
  ])("runs outside the repository under %s, and passes the exit code on", (_, flags) => {
    expect(run(flags, ["--version"])).toMatchObject({
      status: 0,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
    expect(run(flags, ["get", "42"]).status).toBe(2);
  });
});
