#!/usr/bin/env node
import { runFleet } from "./program.ts";
import { processSurroundings } from "./surroundings.ts";

// A reader that has seen enough, such as head, closes the pipe: that is no error of ours.
process.stdout.on("error", (error) => {
  if ("code" in error && error.code === "EPIPE") process.exit();
  throw error;
});

process.exitCode = await runFleet(process.argv.slice(2), processSurroundings());
