#!/usr/bin/env node
/** The command line as a process. The bin is fleet.mjs, which any Node can read and which starts this. */
import { faultText, runFleet } from "./program.ts";
import { processSurroundings } from "./surroundings.ts";

// A reader that has seen enough, such as head, closes the pipe: that is no error of ours.
process.stdout.on("error", (error) => {
  const code = "code" in error ? String(error.code) : error.message;
  if (code === "EPIPE") process.exit();
  process.stderr.write(`fleet: cannot write to standard output (${code}): send it elsewhere\n`);
  process.exit(1);
});
// Nobody hears what goes wrong, and the exit code says it all the same.
process.stderr.on("error", () => {});

// What escapes every command, such as a stream's error, is still one line and not a stack.
process.on("uncaughtException", (error) => {
  process.stderr.write(`fleet: ${faultText(error, process.env)}\n`);
  process.exit(1);
});

process.exitCode = await runFleet(process.argv.slice(2), processSurroundings());
