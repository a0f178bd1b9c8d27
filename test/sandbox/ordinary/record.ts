/**
 * Records what Node prints for the ordinary programs, so that the test inside workerd can
 * compare without Node. Run it by hand after changing programs.txt:
 * node test/sandbox/ordinary/record.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { inNode } from "../suites/ordinary.ts";
import { makeInput } from "./inputs.ts";
import { messyPrograms } from "./messy.ts";

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

// A part of the programs with files, on small ones; npm run test:sandbox runs all of them on large ones.
const chars = 60_000;
const everyNth = 4;
const messy = messyPrograms(readFileSync(path.join(ordinaryFolder, "messy.txt"), "utf8"))
  .filter((_, index) => index % everyNth === 0)
  .map(({ input, code }) => {
    const files = { [input]: makeInput(input, chars) };
    return { input, chars, code, output: inNode({ code, files }) };
  });
writeFileSync(
  path.join(ordinaryFolder, "recorded_messy.json"),
  `${JSON.stringify(messy, null, 2)}\n`,
);
console.log(`${messy.length} programs with files recorded`);
