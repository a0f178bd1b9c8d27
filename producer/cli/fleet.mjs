#!/usr/bin/env node
/**
 * The bin: plain JavaScript, because the installed Node may be too old to run TypeScript. Such a Node
 * starts the bundled one, which npm install adds, with the same arguments.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const script = path.join(here, "fleet.ts");
const bundled = path.join(
  here,
  "../../node_modules/node/bin",
  process.platform === "win32" ? "node.exe" : "node",
);

if (!existsSync(path.join(here, "../../node_modules/commander"))) {
  process.stderr.write(`fleet: run npm install in ${path.resolve(here, "../..")} first\n`);
  process.exitCode = 1;
} else if (process.features.typescript) {
  await import(pathToFileURL(script).href);
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [script, ...process.argv.slice(2)], { stdio: "inherit" });
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
