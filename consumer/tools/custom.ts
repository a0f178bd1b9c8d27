/**
 * Your own tools: the one file to edit. Each is a `defineTool` and appears to every task that does
 * not name its tools. See docs/tools.md for an example.
 */
import type { Tool } from "./define.ts";

export const customTools: readonly Tool[] = [];
