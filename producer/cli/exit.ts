import type { Answer, Refusal } from "../client/index.ts";
import type { Fault } from "../http/error_body.ts";
import { codeOf } from "./connection.ts";
import { refusalText } from "./refusal.ts";

/**
 * What the process exits with: 0 only when what was asked for happened, 1 when tasks ended
 * badly or the fleet could not do it, 2 for wrong usage, a refused body included.
 */
export const exit = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof exit)[keyof typeof exit];

/** What `--json` says of a command's end: the wire's shape of an error. */
export interface Complaint {
  code: string;
  message: string;
  details: readonly Fault[];
}

/** A command that cannot go on. Thrown by commands and caught in one place, in program.ts. */
export class Stop extends Error {
  readonly exitCode: ExitCode;
  readonly complaint: Complaint;

  constructor(exitCode: ExitCode, message: string, complaint?: Complaint) {
    super(message);
    this.exitCode = exitCode;
    const code = exitCode === exit.usage ? "usage" : "failed";
    this.complaint = complaint ?? { code, message, details: [] };
  }
}

/** The person wrote something that cannot be meant; `message` says what to write instead. */
export const wrongUsage = (message: string): Stop => new Stop(exit.usage, message);

/** Statuses that say that what was sent is at fault. */
const badRequests: readonly number[] = [400, 405, 413, 415, 422];

export function stopFor(refusal: Refusal): Stop {
  const { status, message, details } = refusal;
  return new Stop(
    badRequests.includes(status) ? exit.usage : exit.failed,
    refusalText(message, details),
    { code: codeOf(refusal), message, details },
  );
}

/** The value of a call, or the end of the command. */
export function required<T>(called: Answer<T>): T {
  if (called.ok) return called.value;
  throw stopFor(called);
}
