import type { RunError, RunErrorKind } from "./engine.ts";

const sentences = {
  fuel: "The program used up its compute budget and was stopped.",
  memory: "The program ran out of memory and was stopped.",
  stack: "The program's calls were nested too deeply: about 10,000 in each other are possible.",
  deadline: "The program took too long and was stopped while it waited.",
  aborted: "The run was aborted.",
  stalled:
    "The program waits for a promise that nothing will ever settle: no timer, request or tool call is pending.",
} as const;

/** What usually helps against each limit. */
export const remedies: Partial<Record<RunErrorKind, string>> = {
  fuel: "Do less work in one run: find entries in a Map or Set instead of a list, do not repeat work in loops, and handle a part of the data at a time.",
  memory:
    "Keep less data at once: read files line by line (readline over fs.createReadStream), keep numbers in typed arrays, and keep only what the result needs.",
  stack:
    "Write the recursion as a loop over a list of what is left to do, or look for one without an end.",
  deadline: "Wait for fewer requests in one run, or send them at the same time with Promise.all.",
};

/** A limit's error, with advice that tells the model what to change. */
export function limitError(limit: keyof typeof sentences): RunError {
  const kind: RunErrorKind = limit === "aborted" ? "deadline" : limit;
  return { kind, name: "LimitError", message: sentences[limit], stack: "" };
}
