import { Type } from "@sinclair/typebox";
import type { RunOutcome } from "../../sandbox/engine.ts";
import { defineTool, done, refused, type ToolContext, type ToolResult } from "../define.ts";

export const runCode = defineTool({
  name: "run_code",
  description:
    "Runs JavaScript in a sandbox with the workspace's files (fs), fetch through the task's egress policy, " +
    "and this task's tools as async functions. Answers what console printed and then the value of the last expression.",
  input: Type.Object(
    { code: Type.String({ minLength: 1, description: "a JavaScript program; await is allowed" }) },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  run: async ({ code }, context) => kept(await context.runCode(code), context),
});

export const runShell = defineTool({
  name: "run_shell",
  description:
    "Runs a command with bash in the sandbox's Linux, in the workspace's folder. Requests go through the task's " +
    "egress policy. What it changes below the folder is kept, and installed packages for a while. Answers its output.",
  input: Type.Object(
    { command: Type.String({ minLength: 1, description: "such as python3 report.py | head" }) },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  sandboxes: ["microvm"],
  run: async ({ command }, context) => kept(await context.runShell(command), context),
});

/** Keeps the files of a run, all or none, and tells what it printed. */
function kept(outcome: RunOutcome, { files }: ToolContext): ToolResult {
  const refusal = files.apply(outcome.changes);
  if (refusal !== null) {
    return refused(`${transcriptOf(outcome)}\nNone of its files were kept. ${refusal}`.trim());
  }
  return outcome.error === null ? done(transcriptOf(outcome)) : refused(transcriptOf(outcome));
}

/** What a terminal would show: the console's lines, then the error or the value. */
function transcriptOf({ logs, value, error }: RunOutcome): string {
  const parts: string[] = [];
  if (logs !== "") parts.push(logs.replace(/\n$/, ""));
  if (error !== null) parts.push(`${error.name}: ${error.message}`, error.stack);
  else if (value !== null) parts.push(value);
  return parts.filter((part) => part !== "").join("\n") || "The program ended without output.";
}
