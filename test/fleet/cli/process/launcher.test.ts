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

/** The processor time of a command and its children in milliseconds: the best of several runs. */
function cpuMs(args: string): number {
  const runs = Array.from({ length: 5 }, () => {
    const script = `"${process.execPath}" "${launcher}" ${args} > /dev/null; times`;
    const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    const [, children = ""] = stdout.trim().split("\n");
    return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000,
      0,
    );
  });
  return Math.min(...runs);
}

describe("a start costs little", () => {
  // Other tests make the same work cost more, so only the best run must be within the bound.
  test.each(["--version", "__complete submit --"])("fleet %s", (args) => {
    expect(cpuMs(args)).toBeLessThan(150);
  });
});
