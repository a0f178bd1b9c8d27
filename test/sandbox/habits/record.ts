/**
 * Records what Node prints for each habit, a one-liner as agents write them, so that the test inside workerd
 * can compare without Node. Run it by hand after changing a list: node test/sandbox/habits/record.ts
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const habitsFolder = import.meta.dirname;
const files = JSON.parse(readFileSync(path.join(habitsFolder, "files.json"), "utf8")) as [
  string,
  string,
][];

/** Node does not allow both `require` and a top-level `await`; agents use both. */
function runnable(code: string): string {
  const isBoth =
    /\brequire\(/.test(code) &&
    /^(?:(?!=>\{|function).)*\bawait\b/.test(code) &&
    !/\(async\(\)/.test(code);
  const head =
    'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); ';
  return isBoth ? head + code : code;
}

async function record(code: string): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "habit-"));
  for (const [name, text] of files) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const file = path.join(folder, "program.js");
  writeFileSync(file, runnable(code));
  const env = { TZ: "UTC", LANG: "en_US.UTF-8", PATH: "/usr/bin" };
  try {
    const running = promisify(execFile)(process.execPath, [file], { cwd: folder, env });
    running.child.stdin?.end();
    return (await running).stdout.trimEnd();
  } catch (error) {
    throw new Error(`Node fails on: ${code}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const recorded: { area: string; code: string; output: string }[] = [];
for (const name of readdirSync(habitsFolder).filter((file) => file.endsWith(".txt"))) {
  const lines = readFileSync(path.join(habitsFolder, name), "utf8").split("\n").filter(Boolean);
  const outputs = await Promise.allSettled(lines.map(record));
  for (const [at, code] of lines.entries()) {
    const output = outputs[at];
    if (output?.status !== "fulfilled") throw output?.reason;
    recorded.push({ area: path.basename(name, ".txt"), code, output: output.value });
  }
}
writeFileSync(path.join(habitsFolder, "recorded.json"), `${JSON.stringify(recorded, null, 1)}\n`);
console.log(`${recorded.length} habits recorded`);
