import { Type } from "@sinclair/typebox";
import type { RunOutcome } from "../sandbox/engine.ts";
import { defineTool, done, refused } from "./define.ts";

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
  async run({ code }, context) {
    const outcome = await context.runCode(code);
    const refusal = context.files.apply(outcome.changes);
    if (refusal !== null) {
      return refused(`${transcriptOf(outcome)}\nNone of its files were kept. ${refusal}`.trim());
    }
    return outcome.error === null ? done(transcriptOf(outcome)) : refused(transcriptOf(outcome));
  },
});

/** What a terminal would show: the console's lines, then the error or the value. */
function transcriptOf({ logs, value, error }: RunOutcome): string {
  const parts: string[] = [];
  if (logs !== "") parts.push(logs.replace(/\n$/, ""));
  if (error !== null) parts.push(`${error.name}: ${error.message}`, error.stack);
  else if (value !== null) parts.push(value);
  return parts.filter((part) => part !== "").join("\n") || "The program ended without output.";
}
