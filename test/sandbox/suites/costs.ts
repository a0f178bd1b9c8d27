/** What the boot image and the packages cost, as the rows of docs/sandboxes.md. */
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { packageSources } from "../../../consumer/sandbox/interpreter/build/packages.ts";
import { packageUses } from "../programs/package_uses.ts";
import type { Sandbox } from "./sandbox_worker.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const kilobytes = (bytes: number): string => Math.round(bytes / 1_000).toLocaleString("en-US");

export async function printCosts(sandbox: Sandbox): Promise<void> {
  for (const name of ["interpreter.image.bin", "interpreter.wasm", "interpreter.guest.js"]) {
    const file = path.join(root, ".build/interpreter", name);
    const packed = gzipSync(readFileSync(file)).length;
    console.log(`| ${name} | ${kilobytes(statSync(file).size)} (${kilobytes(packed)}) | |`);
  }
  const sources = await packageSources(root);
  for (const [name, [code]] of Object.entries(packageUses)) {
    const source = sources[`package:${name}`] ?? "";
    const { fuel, error } = await sandbox.run(code);
    if (error !== null) throw new Error(`${name}: ${error.message}`);
    const size = `${kilobytes(source.length)} (${kilobytes(gzipSync(source).length)})`;
    console.log(`| \`${name}\` | ${size} | ${(fuel / 1e6).toFixed(1)} M |`);
  }
}
