import { spawnSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../../../package.json" with { type: "json" };

const launcher = path.resolve(manifest.bin.fleet);
const run = (flags: string[], args: string[]) =>
  spawnSync(process.execPath, [...flags, launcher, ...args], {
    cwd: os.tmpdir(),
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });

describe("the bin", () => {
  test.each([
    ["with type stripping", []],
    ["without type stripping", ["--no-strip-types"]],
  ])("runs outside the repository on a Node %s, and returns the exit code", (_, flags) => {
    expect(run(flags, ["--version"])).toMatchObject({
      status: 0,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
    expect(run(flags, ["get", "42"]).status).toBe(2);
  });
});
