import type { CallError, CallResult } from "../client/index.ts";
import type { Detail } from "../http/error_response.ts";
import { errorText } from "./output/error_text.ts";

/**
 * Exit codes: 0 what was asked for happened, 1 tasks ended badly or the server failed, 2 wrong usage, a
 * rejected body included, 3 no fleet answers, 4 the key is refused, 5 the thing named does not exist.
 */
export const exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  unauthorized: 4,
  notFound: 5,
} as const;
export type ExitCode = (typeof exit)[keyof typeof exit];

/** What `--json` prints for a failed command: the API's error shape. */
export interface ErrorReport {
  code: string;
  message: string;
  details: readonly Detail[];
}

/** Ends the command. Thrown by commands and caught only in program.ts. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly report: ErrorReport;

  constructor(exitCode: ExitCode, message: string, report?: ErrorReport) {
    super(message);
    this.exitCode = exitCode;
    const code = exitCode === exit.usage ? "usage" : "failed";
    this.report = report ?? { code, message, details: [] };
  }
}

/** `message` says what is wrong in the command line and what to write instead. */
export const usageError = (message: string): CommandError => new CommandError(exit.usage, message);

export function callFailed(error: CallError): CommandError {
  const { message, details } = error;
  return new CommandError(exitCodeOf(error), errorText(message, details), {
    code: codeOf(error),
    message,
    details,
  });
}

/** Statuses of requests that are wrong in themselves. */
const badRequests: readonly number[] = [400, 405, 413, 415, 422];

export function exitCodeOf({ code, status }: CallError): ExitCode {
  if (code === "not_a_fleet" || status === 0) return exit.unreachable;
  if (status === 401 || status === 403) return exit.unauthorized;
  if (status === 404) return exit.notFound;
  return badRequests.includes(status) ? exit.usage : exit.failed;
}

/** The value of a call; a failed call ends the command. */
export function unwrap<T>(result: CallResult<T>): T {
  if (result.ok) return result.value;
  throw callFailed(result.error);
}

/** The code of an error; without a response, the reason that Node names, such as ECONNREFUSED. */
export function codeOf(error: CallError): string {
  const cause = "cause" in error ? innerCause(error.cause) : null;
  return cause !== null && "code" in cause ? String(cause.code) : error.code;
}

/** Node's fetch hides the reason one level down. */
export function innerCause(cause: unknown): Error | null {
  if (!(cause instanceof Error)) return null;
  return cause.cause instanceof Error ? cause.cause : cause;
}
