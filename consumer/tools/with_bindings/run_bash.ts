import { Type } from "@sinclair/typebox";
import { bashLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { defineTool, toolError, toolResult } from "../define.ts";

export const runBash = defineTool({
  name: "run_bash",
  description:
    "Runs a bash script over the workspace's files: pipes, loops, and the usual commands such as grep, sed, awk, " +
    "sort, uniq, cut, jq, tar and curl, which goes through the task's egress policy. It is an interpreter, not a " +
    "machine: no other programs, no packages.",
  input: Type.Object(
    { script: Type.String({ minLength: 1, maxLength: bashLimits.scriptCharsMax }) },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  requires: (env) =>
    env.BASH_TOOL === "on"
      ? ok(undefined)
      : err("Set the variable BASH_TOOL to on: docs/tools.md says what it costs."),
  async run({ script }, context) {
    const { stdout, stderr, exitCode, changes } = await context.runBash(script);
    const result = context.files.apply(changes);
    const parts = [stdout, stderr]
      .map((text) => text.replace(/\n$/, ""))
      .filter((text) => text !== "");
    if (exitCode !== 0) parts.push(`[exit code ${exitCode}]`);
    if (!result.ok) parts.push(`No file was changed. ${result.error}`);
    const text = parts.join("\n") || "The script ended without output.";
    return exitCode === 0 && result.ok ? toolResult(text) : toolError(text);
  },
});
