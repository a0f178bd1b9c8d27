/** The ordinary programs, those of the habits and those with large and messy files, in the sandbox and in Node. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sandboxLimits } from "../../../shared/limits.ts";
import { makeInput } from "../ordinary/inputs.ts";
import { messyPrograms } from "../ordinary/messy.ts";
import type { Sandbox } from "./sandbox_worker.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const folder = path.join(import.meta.dirname, "../ordinary");

interface Ordinary {
  code: string;
  files: Record<string, string>;
}

/** A program with a file names it in its first line. It is of 1 to 5 MB. */
function programs(): Ordinary[] {
  const textsOf = (file: string): string[] =>
    readFileSync(path.join(folder, file), "utf8").split(/^----\n/m);
  const messyText = readFileSync(path.join(folder, "messy.txt"), "utf8");
  const messy = messyPrograms(messyText).map(({ input, code }, index) => ({
    code,
    files: { [input]: makeInput(input, ((index % 5) + 1) * 1_000_000) },
  }));
  return [...textsOf("programs.txt").map((code) => ({ code, files: {} })), ...messy];
}

/** What Node prints, in a folder of the repository, so that it finds the packages. */
export function inNode({ code, files }: Ordinary): string {
  const parent = path.join(root, ".build/ordinary");
  mkdirSync(parent, { recursive: true });
  const cwd = mkdtempSync(path.join(parent, "run-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(cwd, name), text);
  const file = path.join(cwd, /^import |\bawait /m.test(code) ? "program.mjs" : "program.cjs");
  writeFileSync(file, code);
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--no-warnings", file], {
    cwd,
    env: { TZ: "UTC", LANG: "en_US.UTF-8" },
    encoding: "utf8",
    maxBuffer: 10_000_000,
    timeout: 60_000,
  });
  rmSync(cwd, { recursive: true });
  if (status !== 0) throw new Error(`Node fails on:\n${code}\n${stderr.slice(-600)}`);
  return stdout.trimEnd();
}

/** Prints each program that differs, and how many do not. */
export async function runOrdinary(sandbox: Sandbox): Promise<void> {
  const all = programs();
  let equal = 0;
  let withFiles = 0;
  let most = 0;
  for (const program of all) {
    const expected = inNode(program);
    const { logs, error, fuel } = await sandbox.run(
      program.code,
      program.files,
      sandboxLimits.fuelMax,
    );
    const printed = error === null ? logs.trimEnd() : `${error.name}: ${error.message}`;
    const shown = printed.replace(/^to stderr is not captured here\n?/m, "");
    if (Object.keys(program.files).length > 0) {
      withFiles += 1;
      most = Math.max(most, fuel);
    }
    if (shown === expected) equal += 1;
    else
      console.log(
        `--- differs:\n${program.code}\nNode: ${expected.slice(0, 600)}\nhere: ${shown.slice(0, 600)}`,
      );
  }
  const share = ((100 * equal) / all.length).toFixed(1);
  console.log(`ordinary programs: ${equal} of ${all.length} (${share} %) print what Node prints`);
  console.log(
    `${withFiles} of them with a file of 1 to 5 MB; the most fuel is ${(most / 1e6).toFixed(0)} M`,
  );
}
