/**
 * Records what Node prints for the ordinary programs, so that the test inside workerd can
 * compare without Node. Run it by hand after changing programs.txt:
 * node test/sandbox/ordinary/record.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const ordinaryFolder = import.meta.dirname;
const programs = readFileSync(path.join(ordinaryFolder, "programs.txt"), "utf8").split(/^----\n/m);
const recorded = programs.map((code) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "ordinary-"));
  const file = path.join(folder, "program.mjs");
  writeFileSync(file, code);
  const output = execFileSync(process.execPath, [file], {
    cwd: folder,
    env: { TZ: "UTC", LANG: "en_US.UTF-8" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  rmSync(folder, { recursive: true });
  return { code, output: output.replace(/\n$/, "") };
});
writeFileSync(path.join(ordinaryFolder, "recorded.json"), `${JSON.stringify(recorded, null, 2)}\n`);
console.log(`${recorded.length} programs recorded`);
