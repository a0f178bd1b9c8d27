#!/usr/bin/env node
/** The CLI as a process. The bin is fleet.mjs, which any Node can read; it starts this file. */
import { processContext } from "./context.ts";
import { bugText, runFleet } from "./program.ts";

// A reader such as head closes the pipe when it has enough: not an error.
process.stdout.on("error", (error) => {
  const code = "code" in error ? String(error.code) : error.message;
  if (code === "EPIPE") process.exit();
  process.stderr.write(
    `fleet: cannot write to standard output (${code}): redirect it to another place\n`,
  );
  process.exit(1);
});
// If nothing reads the messages, the exit code still reports the failure.
process.stderr.on("error", () => {});

// An error that no command catches, such as a stream's, is also printed as one line.
process.on("uncaughtException", (error) => {
  process.stderr.write(`fleet: ${bugText(error, process.env)}\n`);
  process.exit(1);
});

process.exitCode = await runFleet(process.argv.slice(2), processContext());
