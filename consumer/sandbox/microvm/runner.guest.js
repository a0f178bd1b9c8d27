// The container's side of `microvm`, for the Node of its image: writes the files that changed, runs one
// program or one command, and writes a report. The engine trusts nothing in the report.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { inspect } from "node:util";
import vm from "node:vm";

const [root, control, toolsUrl, mode] = process.argv.slice(2);
const inControl = (name) => path.join(control, name);
/** Package managers and tools recreate these, and no workspace could hold them. */
const unsynced = new Set(["node_modules", ".git", "__pycache__", ".venv", ".cache"]);

if (mode === "program") await program();
else await runOrder();

/** Reads in.json; writes out.json. */
async function runOrder() {
  const order = JSON.parse(fs.readFileSync(inControl("in.json"), "utf8"));
  for (const name of order.deleted) fs.rmSync(path.join(root, name), { force: true });
  for (const [name, base64] of Object.entries(order.files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.from(base64, "base64"));
  }
  fs.rmSync(inControl("ended.json"), { force: true });
  const before = snapshot(order.limits);
  const [command, args] =
    order.kind === "shell"
      ? ["bash", ["-c", order.command]]
      : [process.execPath, [import.meta.filename, root, control, toolsUrl, "program"]];
  fs.writeFileSync(inControl("program.json"), JSON.stringify(order));
  const result = await run(command, args, order.limits);
  const ended = order.kind === "shell" ? null : readEnd(inControl("ended.json"));
  const changes = result.timedOut ? { files: {}, deleted: [] } : changesSince(before, order.limits);
  fs.writeFileSync(inControl("out.json"), JSON.stringify({ ...result, ended, ...changes }));
}

function readEnd(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** Runs in its own process group, so that nothing it starts outlives it. */
function run(command, args, limits) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks = [];
    let room = limits.logBytes;
    let left = 0;
    const append = (chunk) => {
      const head = chunk.subarray(0, room);
      if (head.length > 0) chunks.push(head);
      room -= head.length;
      left += chunk.length - head.length;
    };
    child.stdout.on("data", append);
    child.stderr.on("data", append);
    let timedOut = false;
    const kill = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has already exited.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, limits.wallMs);
    const done = (code, signal) => {
      clearTimeout(timer);
      kill();
      resolve({ code, signal, timedOut, logs: Buffer.concat(chunks).toString("utf8"), left });
    };
    child.once("error", (error) => {
      append(Buffer.from(error.message));
      done(127, null);
    });
    // Processes that it left running may hold its output open, so its own exit counts.
    child.once("exit", (code, signal) => setTimeout(() => done(code, signal), 50));
  });
}

/** Path to hash of every regular file. Links are neither followed nor stored. */
function snapshot(limits) {
  const found = new Map();
  const walk = (folder) => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !unsynced.has(entry.name)) walk(name);
      if (!entry.isFile() || found.size > limits.filesMax) continue;
      const { size } = fs.statSync(path.join(root, name));
      const bytes = size > limits.fileBytesMax ? null : fs.readFileSync(path.join(root, name));
      const hash =
        bytes === null ? `${size} bytes` : createHash("sha256").update(bytes).digest("hex");
      found.set(name, { size, hash });
    }
  };
  walk("");
  return found;
}

function changesSince(before, limits) {
  const after = snapshot(limits);
  const files = {};
  let sum = 0;
  for (const [name, { size, hash }] of after) {
    if (before.get(name)?.hash === hash) continue;
    sum += size;
    if (size > limits.fileBytesMax || sum > limits.bytesMax || after.size > limits.filesMax) {
      return { files: {}, deleted: [], tooLarge: true };
    }
    files[name] = fs.readFileSync(path.join(root, name)).toString("base64");
  }
  return { files, deleted: [...before.keys()].filter((name) => !after.has(name)) };
}

/** Runs program.json in this process and writes ended.json: the value, or the error. */
async function program() {
  const { source, shift, tools } = JSON.parse(fs.readFileSync(inControl("program.json"), "utf8"));
  const writeEnd = (end) => fs.writeFileSync(inControl("ended.json"), JSON.stringify(end));
  const fail = (error) => {
    writeEnd({ error: errorOf(error, shift) });
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const require = createRequire(path.join(root, "program.js"));
  Object.assign(globalThis, { fs, path, require });
  for (const name of tools) globalThis[name] = toolOf(name);
  const load = (name) =>
    import(
      /^\.{0,2}\//.test(name) ? `file://${path.resolve(root, name)}` : resolveModule(require, name)
    );
  // What the prepared program needs from its engine. Node itself ends a process on an unhandled rejection.
  const meta = { url: `file://${root}/program.js`, dirname: root, filename: `${root}/program.js` };
  Object.assign(load, { meta, watch: (value) => value });
  const module = { exports: {} };
  const exported = {};
  try {
    const main = vm.runInThisContext(source, {
      filename: "program.js",
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    let value = await main.call(module.exports, load, exported, module, module.exports);
    if ("default" in exported) value = exported.default;
    else if (value === undefined && Object.keys(module.exports).length > 0) value = module.exports;
    if (typeof value === "function" && value.length === 0 && "default" in exported) value = value();
    value = await value;
    if (value !== undefined)
      writeEnd({ value: typeof value === "string" ? value : inspect(value) });
  } catch (error) {
    fail(error);
  }
}

/** Built-in modules by their name, packages from the workspace's own node_modules. */
function resolveModule(require, name) {
  const at = require.resolve(name);
  return at.startsWith("/") ? `file://${at}` : at;
}

function toolOf(name) {
  return async (input = {}) => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      throw new TypeError(`${name} takes one object, as in ${name}({ … }).`);
    }
    const body = JSON.stringify(input);
    const response = await fetch(`${toolsUrl}/${name}`, { method: "POST", body });
    const answer = await response.json();
    if (!answer.ok) throw new Error(answer.message);
    return answer.json === "" ? undefined : JSON.parse(answer.json);
  };
}

/** The error with only the frames of the agent's own code, at the agent's own lines. */
function errorOf(error, shift) {
  if (!(error instanceof Error)) {
    return {
      name: "Uncaught",
      message: typeof error === "string" ? error : inspect(error),
      stack: "",
    };
  }
  const frames = String(error.stack)
    .split("\n")
    .flatMap((line) => {
      const found = /^\s*at (?:(.*?) \()?(?:async )?program\.js:(\d+):(\d+)\)?$/.exec(line);
      if (found === null) return [];
      const [, name, row, column] = found;
      const place = `program.js:${row}:${Math.max(1, Number(column) - (row === "1" ? shift : 0))}`;
      const isNamed = name && !name.endsWith("<anonymous>");
      return [isNamed ? `    at ${name} (${place})` : `    at ${place}`];
    });
  return { name: error.name, message: error.message, stack: frames.join("\n") };
}
