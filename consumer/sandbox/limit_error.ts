import type { RunError, RunErrorKind } from "./engine.ts";

const sentences = {
  fuel: "The program used up its compute budget and was stopped. Do less work in one run.",
  memory: "The program ran out of memory and was stopped. Keep less data at once.",
  stack: "The program's calls were nested too deeply. Look for a recursion without an end.",
  deadline: "The program took too long and was stopped while it waited.",
  aborted: "The run was aborted.",
  stalled:
    "The program waits for a promise that nothing will ever settle: no timer, request or tool call is pending.",
} as const;

/** The error of a limit, in words that tell the model what to change. */
export function limitError(limit: keyof typeof sentences): RunError {
  const kind: RunErrorKind = limit === "aborted" ? "deadline" : limit;
  return { kind, name: "LimitError", message: sentences[limit], stack: "" };
}
