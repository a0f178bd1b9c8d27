/** A fixed sample of test262: every n-th file of each folder, in the sandbox and in Node. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Sandbox } from "./sandbox_worker.ts";

const folders = [
  "built-ins/Array",
  "built-ins/ArrayBuffer",
  "built-ins/BigInt",
  "built-ins/Date",
  "built-ins/Error",
  "built-ins/Iterator",
  "built-ins/JSON",
  "built-ins/Map",
  "built-ins/Math",
  "built-ins/Number",
  "built-ins/Promise",
  "built-ins/RegExp",
  "built-ins/Set",
  "built-ins/String",
  "built-ins/TypedArray",
  "intl402",
  "language/expressions",
  "language/statements",
];
const perFolder = 100;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter(
      (name) => name.endsWith(".js") && !name.includes("_FIXTURE") && !name.includes("Temporal"),
    )
    .sort();
}

interface Sample {
  code: string;
  isAsync: boolean;
}

/** The parts that a test is evaluated in, or null where it needs what neither side is asked for. */
function sampleOf(suite: string, file: string): Sample | null {
  const text = readFileSync(file, "utf8");
  const head = /\/\*---([\s\S]*?)---\*\//.exec(text)?.[1] ?? "";
  const flags = /flags:\s*\[([^\]]*)\]/.exec(head)?.[1] ?? "";
  if (
    /module|raw|CanBlock|onlyStrict/.test(flags) ||
    /negative:|\$262|Atomics|SharedArrayBuffer/.test(text)
  )
    return null;
  const includes = (/includes:\s*\[([^\]]*)\]/.exec(head)?.[1] ?? "")
    .split(",")
    .map((name) => name.trim());
  const isAsync = flags.includes("async");
  const names = ["assert.js", "sta.js", ...(isAsync ? ["doneprintHandle.js"] : []), ...includes];
  const parts = names
    .filter(Boolean)
    .map((name) => readFileSync(path.join(suite, "harness", name), "utf8"));
  // Declarations with `using` are rewritten in a program's own text, and not in what it evaluates.
  const hasUsing = /\busing\b/.test(text.replace(head, ""));
  const evaluated = JSON.stringify(hasUsing ? parts : [...parts, text]);
  const code = `globalThis.print = (text) => console.log(text);
for (const part of ${evaluated}) (0, eval)(part);
${hasUsing ? text : ""}
console.log("evaluated")`;
  return { code, isAsync };
}

const passes = (logs: string, isAsync: boolean): boolean =>
  isAsync ? logs.includes("Test262:AsyncTestComplete") : logs.trimEnd().endsWith("evaluated");

function passesInNode({ code, isAsync }: Sample): boolean {
  const { stdout, status } = spawnSync(process.execPath, ["-e", code], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return status === 0 && passes(stdout, isAsync);
}

/** Prints what passes, by folder, and each failure of a test that Node passes. */
export async function runTest262(suite: string, sandbox: Sandbox): Promise<void> {
  const rows: Record<string, object> = {};
  for (const folder of folders) {
    const root = path.join(suite, "test", folder);
    if (!existsSync(root)) continue;
    const files = filesBelow(root);
    const step = Math.max(1, Math.floor(files.length / perFolder));
    const counts = { run: 0, passed: 0, "failed where Node passes": 0 };
    for (let index = 0; index < files.length; index += step) {
      const name = files[index] ?? "";
      const sample = sampleOf(suite, path.join(root, name));
      if (sample === null) continue;
      counts.run += 1;
      const { logs, error } = await sandbox.run(sample.code);
      if (error === null && passes(logs, sample.isAsync)) counts.passed += 1;
      else if (passesInNode(sample)) {
        counts["failed where Node passes"] += 1;
        console.log(
          `${folder}/${name}: ${error?.name ?? ""} ${error?.message.slice(0, 160) ?? logs.slice(-160)}`,
        );
      }
    }
    rows[folder] = counts;
  }
  console.table(rows);
}
