import { Type } from "@sinclair/typebox";
import type { RunOutcome } from "../../sandbox/engine.ts";
import { excerptAt } from "../../sandbox/excerpt.ts";
import { packageNames } from "../../sandbox/packages.ts";
import { defineTool, type ToolContext, type ToolResult, toolError, toolResult } from "../define.ts";

export const runCode = defineTool({
  name: "run_code",
  description:
    "Runs JavaScript in a sandbox with the workspace's files (fs), fetch through the task's egress policy, " +
    "and this task's tools as async functions. It knows Node's modules and, in the default sandbox, these packages: " +
    `${packageNames.join(", ")}. Returns the console output, then the value of the last expression.`,
  input: Type.Object(
    { code: Type.String({ minLength: 1, description: "a JavaScript program; await is allowed" }) },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  run: async ({ code }, context) => applyRun(await context.runCode(code), context, code),
});

export const runShell = defineTool({
  name: "run_shell",
  description:
    "Runs a command with bash in the sandbox's Linux, in the workspace's folder. Requests go through the task's " +
    "egress policy. Changes below the folder are kept, and installed packages for some time. Returns its output.",
  input: Type.Object(
    { command: Type.String({ minLength: 1, description: "such as python3 report.py | head" }) },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  sandboxes: ["microvm"],
  run: async ({ command }, context) => applyRun(await context.runShell(command), context),
});

/** Applies the file changes of a run, all or none, and returns its output. */
function applyRun(outcome: RunOutcome, { files }: ToolContext, code = ""): ToolResult {
  const result = files.apply(outcome.changes);
  const output = outputOf(outcome, code);
  if (!result.ok) {
    const text = `${output}\nNone of its files were kept. ${result.error}`;
    return toolError(text.trim());
  }
  return outcome.error === null ? toolResult(output) : toolError(output);
}

/** The console output, then the error or the value. */
function outputOf({ logs, value, error }: RunOutcome, code: string): string {
  const parts: string[] = [];
  if (logs !== "") parts.push(logs.replace(/\n$/, ""));
  if (error !== null) {
    // A limit's message names its line, and a syntax error has its own excerpt.
    const excerpt = error.kind === "thrown" ? excerptAt(code, error.stack) : "";
    parts.push(`${error.name}: ${error.message}`, excerpt, error.stack);
  } else if (value !== null) parts.push(value);
  return parts.filter((part) => part !== "").join("\n") || "The program ended without output.";
}
