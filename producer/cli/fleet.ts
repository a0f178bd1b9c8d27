#!/usr/bin/env node
import { runFleet } from "./program.ts";
import { processSurroundings } from "./surroundings.ts";

process.exitCode = await runFleet(process.argv.slice(2), processSurroundings());
