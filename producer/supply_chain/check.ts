/** `npm run check:lock`: the lock file and .npmrc hold what docs/SECURITY.md promises about packages. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { findLockFaults, findNpmrcFaults, type LockFile } from "./lock_file.ts";

const root = path.resolve(import.meta.dirname, "../..");
const read = (name: string): string => readFileSync(path.join(root, name), "utf8");

const lock = JSON.parse(read("package-lock.json")) as LockFile;
const faults = [...findLockFaults(lock), ...findNpmrcFaults(read(".npmrc"))];
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else
  console.log(
    `lock file: ${Object.keys(lock.packages).length - 1} packages, each with its SHA-512`,
  );
