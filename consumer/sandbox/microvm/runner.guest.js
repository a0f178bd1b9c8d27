// The container's side of `microvm`, for the Node of its image: lays out what changed, runs one program or
// one command, and writes down what came of it. Everything it writes is believed by nobody.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { inspect } from "node:util";
import vm from "node:vm";

const [root, control, toolsUrl, mode] = process.argv.slice(2);
const inControl = (name) => path.join(control, name);
/** What package managers and tools make again, and no workspace could hold. */
const unsynced = new Set(["node_modules", ".git", "__pycache__", ".venv", ".cache"]);

if (mode === "program") await program();
else await order();

/** Reads in.json; writes out.json. */
async function order() {
  const wanted = JSON.parse(fs.readFileSync(inControl("in.json"), "utf8"));
  for (const name of wanted.deleted) fs.rmSync(path.join(root, name), { force: true });
  for (const [name, base64] of Object.entries(wanted.files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.from(base64, "base64"));
  }
  fs.rmSync(inControl("ended.json"), { force: true });
  const before = snapshot(wanted.limits);
  const [command, args] =
    wanted.kind === "shell"
      ? ["bash", ["-c", wanted.command]]
      : [process.execPath, [import.meta.filename, root, control, toolsUrl, "program"]];
  fs.writeFileSync(inControl("program.json"), JSON.stringify(wanted));
  const ran = await run(command, args, wanted.limits);
  const ended = wanted.kind === "shell" ? null : endOf(inControl("ended.json"));
  const changes = ran.timedOut ? { files: {}, deleted: [] } : changesSince(before, wanted.limits);
  fs.writeFileSync(inControl("out.json"), JSON.stringify({ ...ran, ended, ...changes }));
}

function endOf(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** Runs in a process group of its own, so that nothing it starts outlives it. */
function run(command, args, limits) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const kept = [];
    let room = limits.logBytes;
    let left = 0;
    const keep = (chunk) => {
      const head = chunk.subarray(0, room);
      if (head.length > 0) kept.push(head);
      room -= head.length;
      left += chunk.length - head.length;
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let timedOut = false;
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // Nothing of it is left.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, limits.wallMs);
    const done = (code, signal) => {
      clearTimeout(timer);
      end();
      resolve({ code, signal, timedOut, logs: Buffer.concat(kept).toString("utf8"), left });
    };
    child.once("error", (error) => {
      keep(Buffer.from(error.message));
      done(127, null);
    });
    // What it left running may hold its output open, so its own exit counts.
    child.once("exit", (code, signal) => setTimeout(() => done(code, signal), 50));
  });
}

/** Path to hash of every regular file. Links are not followed and not kept. */
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
  const told = (end) => fs.writeFileSync(inControl("ended.json"), JSON.stringify(end));
  const failed = (error) => {
    told({ error: errorOf(error, shift) });
    process.exit(1);
  };
  process.on("uncaughtException", failed);
  process.on("unhandledRejection", failed);
  const require = createRequire(path.join(root, "program.js"));
  Object.assign(globalThis, { fs, path, require });
  for (const name of tools) globalThis[name] = toolOf(name);
  const load = (name) =>
    import(
      /^\.{0,2}\//.test(name) ? `file://${path.resolve(root, name)}` : resolved(require, name)
    );
  // What the prepared program asks of its engine. Node itself fails a process whose promise nobody awaits.
  const meta = { url: `file://${root}/program.js`, dirname: root, filename: `${root}/program.js` };
  Object.assign(load, { meta, stack: (value) => value, watch: (value) => value });
  const module = { exports: {} };
  const exported = {};
  try {
    const main = vm.runInThisContext(source, {
      filename: "program.js",
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    let value = await main(load, exported, module);
    if ("default" in exported) value = exported.default;
    else if (value === undefined && Object.keys(module.exports).length > 0) value = module.exports;
    if (typeof value === "function" && value.length === 0 && "default" in exported) value = value();
    value = await value;
    if (value !== undefined) told({ value: typeof value === "string" ? value : inspect(value) });
  } catch (error) {
    failed(error);
  }
}

/** Built-in modules by their name, packages from the workspace's own node_modules. */
function resolved(require, name) {
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

/** The error with frames of the agent's own code alone, at the agent's own lines. */
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
      return [name ? `    at ${name} (${place})` : `    at ${place}`];
    });
  return { name: error.name, message: error.message, stack: frames.join("\n") };
}
