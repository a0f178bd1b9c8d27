import type { CallProblem } from "./client.ts";

/**
 * What the process exits with: 0 only when what was asked for happened, 1 when tasks ended
 * badly or the fleet could not do it, 2 for wrong usage, a refused body included.
 */
export const exit = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof exit)[keyof typeof exit];

/** A command that cannot go on. Thrown by commands and caught in one place, in program.ts. */
export class Stop extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The person wrote something that cannot be meant; `message` says what to write instead. */
export const wrongUsage = (message: string): Stop => new Stop(exit.usage, message);

/** Statuses that say that what was sent is at fault. */
const badRequests: readonly number[] = [400, 405, 413, 415, 422];

export function stopFor(problem: CallProblem): Stop {
  const lines = [problem.message, ...problem.details.map((detail) => `  ${detail}`)];
  return new Stop(
    badRequests.includes(problem.status) ? exit.usage : exit.failed,
    lines.join("\n"),
  );
}

/** The value of a call, or the end of the command. */
export function required<T>(
  called: { ok: true; value: T } | { ok: false; problem: CallProblem },
): T {
  if (called.ok) return called.value;
  throw stopFor(called.problem);
}
