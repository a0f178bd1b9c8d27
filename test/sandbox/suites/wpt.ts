/** The Web Platform Tests of what the sandbox has of the web: files for any global, in testharness.js's shell. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Sandbox } from "./sandbox_worker.ts";

/** Tests shown for each file. */
const missesShown = 20;
/** Into how many runs the tests of a file are shared out that one run has no fuel for. */
const sharesMax = 24;

const areas: Record<string, string[]> = {
  url: ["url"],
  encoding: ["encoding"],
  base64: ["html/webappapis/atob"],
  structuredClone: ["html/webappapis/structured-clone"],
  abort: ["dom/abort"],
  events: ["dom/events"],
  Blob: ["FileAPI/blob", "FileAPI/file"],
  FormData: ["xhr/formdata"],
  Headers: ["fetch/api/headers"],
  Response: ["fetch/api/response"],
  streams: ["streams"],
  compression: ["compression"],
  crypto: [
    "WebCryptoAPI/digest",
    "WebCryptoAPI/generateKey",
    "WebCryptoAPI/import_export",
    "WebCryptoAPI/sign_verify",
  ],
};

const isTest = (name: string): boolean =>
  /\.any\.js$/.test(name) && !/crashtest|idlharness|\.https\.sub\./.test(name);

interface Program {
  code: string;
  files: Record<string, string>;
}

/** The last line that a program prints: the names of the tests that passed and of all. */
const mark = "WPT-RESULT ";

/** A test with its harness and scripts, and the data files that it fetches. */
export function programOf(suite: string, file: string): Program {
  const text = readFileSync(file, "utf8");
  const folder = path.dirname(file);
  const pathOf = (name: string): string =>
    name.startsWith("/") ? path.join(suite, name) : path.resolve(folder, name);
  const scripts = [...text.matchAll(/^\/\/ META: script=(\S+)/gm)]
    .filter(([, name = ""]) => existsSync(pathOf(name)))
    .map(([, name = ""]) => readFileSync(pathOf(name), "utf8"));
  const files: Record<string, string> = {};
  for (const [, name = ""] of (text + scripts.join("")).matchAll(
    /["'`]([\w./-]*resources\/[\w./-]+\.json)["'`]/g,
  )) {
    if (existsSync(pathOf(name)))
      files[name.replace(/^\//, "")] = readFileSync(pathOf(name), "utf8");
  }
  const harness = readFileSync(path.join(suite, "resources/testharness.js"), "utf8");
  const parts = [harness, ...scripts, text];
  const code = `globalThis.self = globalThis;
globalThis.location = { href: "http://web-platform.test/", search: "", pathname: "/", origin: "http://web-platform.test" };
// The suite takes this class from a shared memory.
globalThis.WebAssembly ??= { Memory: class { buffer = new SharedArrayBuffer(8); } };
globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
const { files, parts } = JSON.parse(require("fs").readFileSync("suite.json", "utf8"));
const fetchPage = globalThis.fetch;
globalThis.fetch = async (name, init) => {
  const key = String(name).replace(/^\\//, "");
  return key in files ? new Response(files[key]) : fetchPage(name, init);
};
(0, eval)(parts[0]);
add_completion_callback((tests) => {
  const names = (isWanted) => tests.filter(isWanted).map((t) => t.name);
  console.log("\\n${mark}" + JSON.stringify({
    all: tests.length, passed: names((t) => t.status === 0),
    failed: tests.filter((t) => t.status !== 0).map((t) => [t.name, t.message]),
  }));
  globalThis.process?.exit?.(0);
});
const [wanted, of] = globalThis.share ?? [0, 1];
const promiseTest = globalThis.promise_test;
let count = 0;
globalThis.promise_test = (...given) => {
  if (count++ % of === wanted) promiseTest(...given);
};
(0, eval)(parts.slice(1).join("\\n;\\n"));
done();`;
  return { code, files: { "suite.json": JSON.stringify({ files, parts }) } };
}

interface Verdict {
  all: number;
  passed: string[];
  failed: [name: string, message: string][];
}

function verdictOf(output: string): Verdict | null {
  const at = output.lastIndexOf(mark);
  if (at < 0) return null;
  try {
    return JSON.parse(output.slice(at + mark.length).split("\n")[0] ?? "") as Verdict;
  } catch {
    return null;
  }
}

export function runInNode({ code, files }: Program): Verdict | null {
  const cwd = mkdtempSync(path.join(os.tmpdir(), "wpt-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(cwd, name), text);
  const args = ["--input-type=commonjs", "--no-warnings", "-"];
  const { stdout } = spawnSync(process.execPath, args, {
    cwd,
    input: code,
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 50_000_000,
  });
  rmSync(cwd, { recursive: true });
  return verdictOf(stdout ?? "");
}

interface Counts {
  run: number;
  passed: number;
  "Node passes": number;
  "of those passed": number;
}

/** Runs one file in the sandbox; where its fuel does not do for all of its tests, a share of them at a time. */
async function runHere(
  { code, files }: Program,
  sandbox: Sandbox,
): Promise<{ verdict: Verdict | null; message: string | undefined }> {
  const { logs, error } = await sandbox.run(code, files);
  const isOutOfFuel = error?.message.includes("compute budget") === true;
  if (!isOutOfFuel) return { verdict: verdictOf(logs), message: error?.message };
  const whole: Verdict = { all: 0, passed: [], failed: [] };
  for (let share = 0; share < sharesMax; share += 1) {
    const outcome = await sandbox.run(
      `globalThis.share = [${share}, ${sharesMax}];\n${code}`,
      files,
    );
    const verdict = verdictOf(outcome.logs);
    if (verdict === null) return { verdict: null, message: outcome.error?.message };
    whole.all += verdict.all;
    whole.passed.push(...verdict.passed);
    whole.failed.push(...verdict.failed);
  }
  return { verdict: whole, message: undefined };
}

/** Runs one file on both sides, and prints each test that only Node passes. */
async function compare(name: string, program: Program, sandbox: Sandbox, counts: Counts) {
  const { verdict: here, message } = await runHere(program, sandbox);
  const node = runInNode(program);
  const passed = new Set(here?.passed);
  const both = node?.passed.filter((test) => passed.has(test)).length ?? 0;
  counts.run += Math.max(here?.all ?? 0, node?.all ?? 0);
  counts.passed += here?.passed.length ?? 0;
  counts["Node passes"] += node?.passed.length ?? 0;
  counts["of those passed"] += both;
  if (here === null && node !== null)
    console.log(`${name}: ${message?.slice(0, 300) ?? "did not finish"}`);
  const missed = node?.passed.filter((test) => !passed.has(test)) ?? [];
  const why = new Map(here?.failed);
  for (const test of missed.slice(0, missesShown))
    console.log(`${name}: ${test.slice(0, 100)}: ${why.get(test)?.slice(0, 160) ?? "not run"}`);
}

/** Prints for each area how many tests ran and passed, how many Node passes, and how many of those passed here. */
export async function runWpt(
  suite: string,
  sandbox: Sandbox,
  wanted: readonly string[],
): Promise<void> {
  const rows: Record<string, Counts> = {};
  for (const [area, folders] of Object.entries(areas)) {
    if (wanted.length > 0 && !wanted.includes(area)) continue;
    const counts: Counts = { run: 0, passed: 0, "Node passes": 0, "of those passed": 0 };
    for (const folder of folders) {
      const root = path.join(suite, folder);
      if (!existsSync(root)) continue;
      const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(isTest).sort();
      for (const name of names)
        await compare(
          `${folder}/${name}`,
          programOf(suite, path.join(root, name)),
          sandbox,
          counts,
        );
    }
    rows[area] = counts;
    console.log(area, JSON.stringify(counts));
  }
  console.table(rows);
}
