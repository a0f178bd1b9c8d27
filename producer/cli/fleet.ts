#!/usr/bin/env node
/** The command line as a process. The bin is fleet.mjs, which any Node can read and which starts this. */
import { faultText, runFleet } from "./program.ts";
import { processSurroundings } from "./surroundings.ts";

// A reader that has seen enough, such as head, closes the pipe: that is no error of ours.
process.stdout.on("error", (error) => {
  if ("code" in error && error.code === "EPIPE") process.exit();
  throw error;
});

// What escapes every command, such as a stream's error, is still one line and not a stack.
process.on("uncaughtException", (error) => {
  process.stderr.write(`fleet: ${faultText(error, process.env)}\n`);
  process.exit(1);
});

process.exitCode = await runFleet(process.argv.slice(2), processSurroundings());
