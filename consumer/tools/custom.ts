/**
 * Your own tools. Each is a `defineTool`, is named in shared/task/custom_tools.ts, and is offered to every task
 * that does not name its tools. See docs/tools.md for an example.
 */
import type { Tool } from "./define.ts";

export const customTools: readonly Tool[] = [];
