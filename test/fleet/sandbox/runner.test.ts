/** The container's side of microvm, run by this Node as the image's would: no container is needed. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { transform } from "../../../consumer/sandbox/interpreter/transform/transform.ts";
import { workspaceLimits } from "../../../shared/limits.ts";

interface Report {
  code: number | null;
  timedOut: boolean;
  logs: string;
  left: number;
  ended: { value?: string; error?: { name: string; message: string; stack: string } } | null;
  files: Record<string, string>;
  deleted: string[];
  tooLarge?: boolean;
}

const runner = path.resolve(
  import.meta.dirname,
  "../../../consumer/sandbox/microvm/runner.guest.js",
);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "microvm-"));
const script = path.join(folder, "runner.mjs");
const server = http.createServer((request, response) => {
  request.setEncoding("utf8");
  let body = "";
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    const ok = request.url === "/echo";
    response.end(JSON.stringify(ok ? { ok, json: body } : { ok, message: "it is broken" }));
  });
});
let tools = "";

beforeAll(async () => {
  fs.copyFileSync(runner, script);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tools = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

let runs = 0;

/** One order in a workspace of its own. */
async function perform(order: object, files: Record<string, string> = {}): Promise<Report> {
  runs += 1;
  const root = path.join(folder, `workspace-${runs}`);
  const control = path.join(folder, `control-${runs}`);
  fs.mkdirSync(root);
  fs.mkdirSync(control);
  const base64 = Object.entries(files).map(([name, text]) => [name, btoa(text)]);
  const fullReport = {
    tools: ["echo", "broken"],
    files: Object.fromEntries(base64),
    deleted: [],
    limits: { ...workspaceLimits, wallMs: 20_000, logBytes: 1_000 },
    ...order,
  };
  fs.writeFileSync(path.join(control, "in.json"), JSON.stringify(fullReport));
  await promisify(execFile)(process.execPath, [script, root, control, tools]);
  return JSON.parse(fs.readFileSync(path.join(control, "out.json"), "utf8")) as Report;
}

function code(source: string): object {
  const prepared = transform(source, "v8");
  if (!prepared.ok) throw new Error(prepared.error.message);
  const { source: text, firstLineShift: shift } = prepared.value;
  return { kind: "code", source: text, shift };
}

test("a program has its files, its tools, modules and the console, and answers a value", async () => {
  const report = await perform(
    code(`import path from "node:path";
const { extname } = require("path");
console.log(fs.readFileSync("in.txt", "utf8"), (await echo({ a: 1 })).a, extname("a.b"));
try { await broken({}) } catch (e) { console.log(e.message) }
fs.mkdirSync("d"); fs.writeFileSync("d/out.txt", "made"); fs.unlinkSync("gone.txt");
path.join("x", "y")`),
    { "in.txt": "hello", "gone.txt": "x", "same.txt": "y" },
  );
  expect(report).toMatchObject({ code: 0, timedOut: false, ended: { value: "x/y" } });
  expect(report.logs).toBe("hello 1 .b\nit is broken\n");
  expect(report.files).toEqual({ "d/out.txt": btoa("made") });
  expect(report.deleted).toEqual(["gone.txt"]);
});

test.each([
  ["the last expression", "1 + 1", "2"],
  ["a default export", "export default async () => ({ a: 1 })", "{ a: 1 }"],
  ["module.exports", "module.exports = [1]", "[ 1 ]"],
])("the value is %s", async (_name, source, value) => {
  expect((await perform(code(source))).ended).toEqual({ value });
});

test("an error carries the agent's own lines, and what was printed stays", async () => {
  const report = await perform(
    code("console.log('before');\n\nfunction f() { throw new RangeError('far') }\nf()"),
  );
  expect(report).toMatchObject({ code: 1, logs: "before\n" });
  expect(report.ended?.error).toMatchObject({ name: "RangeError", message: "far" });
  expect(report.ended?.error?.stack).toMatch(/at f \(program\.js:3:22\)\n\s+at program\.js:4:1/);
});

test("a program that spins is stopped with all that it started, and changes nothing", async () => {
  const limits = { ...workspaceLimits, wallMs: 1_500, logBytes: 1_000 };
  const report = await perform({
    ...code("fs.writeFileSync('a', 'b'); for (;;) {}"),
    limits,
  });
  expect(report).toMatchObject({ timedOut: true, files: {}, deleted: [] });
});

test("a command answers its output and its exit code, and what it left running is ended", async () => {
  const report = await perform({
    kind: "shell",
    command: "echo $((6 * 7)); echo bad >&2; (sleep 600 &); echo made > f; exit 3",
  });
  expect(report).toMatchObject({ code: 3, ended: null, files: { f: btoa("made\n") } });
  expect(report.logs.split("\n").sort()).toEqual(["", "42", "bad"]);
});

test("output is cut at its cap and counted", async () => {
  const report = await perform({ kind: "shell", command: "head -c 5000 /dev/zero | tr '\\0' x" });
  expect(report.logs).toHaveLength(1_000);
  expect(report.left).toBe(4_000);
});

test("links are not followed, and what package managers make is left out", async () => {
  const command =
    "ln -s /etc/passwd link; ln -s / everything; mkdir -p node_modules/a; echo x > node_modules/a/b; echo y > kept";
  const report = await perform({ kind: "shell", command });
  expect(Object.keys(report.files)).toEqual(["kept"]);
});

test("more than a workspace holds is said, and nothing of it comes back", async () => {
  const size = workspaceLimits.fileBytesMax + 1;
  const report = await perform({
    kind: "shell",
    command: `head -c ${size} /dev/zero > big; echo x > small`,
  });
  expect(report).toMatchObject({ tooLarge: true, files: {}, deleted: [] });
});
