import pRetry from "p-retry";
import { inTime } from "./in_time.ts";
import { retryLimits } from "./limits.ts";
import { log } from "./log.ts";

/** A store that stayed broken through its retries. Thrown to the one catch of each message. */
export class StoreFault extends Error {
  override readonly name = "StoreFault";
}

/** Errors that no repetition mends: our own SQL or our own arguments are wrong. */
function isPermanent(error: Error): boolean {
  return /SQLITE_ERROR|SQLITE_CONSTRAINT|no such table|syntax error|too many SQL variables|D1_TYPE_ERROR/i.test(
    error.message,
  );
}

/** How long a call may take, how often it is repeated, and how long all tries together may take. */
export interface Patience {
  retries: number;
  callMs: number;
  deadlineMs: number;
}

/** What the work cannot go on without. */
export const steady: Patience = {
  retries: retryLimits.storeRetries,
  callMs: retryLimits.storeCallMsMax,
  deadlineMs: retryLimits.storeDeadlineMs,
};

/** Somebody waits for the answer, or something else makes up for a failure, as the sweep does for a send. */
export const brief: Patience = {
  retries: retryLimits.briefRetries,
  callMs: retryLimits.briefCallMsMax,
  deadlineMs: retryLimits.briefDeadlineMs,
};

/** Calls that carry many bytes. */
export const bulky: Patience = {
  retries: retryLimits.bulkyRetries,
  callMs: retryLimits.bulkyCallMsMax,
  deadlineMs: retryLimits.bulkyDeadlineMs,
};

/**
 * Runs one repeatable call of D1, R2, a queue or the governor: the one way to any of them, so that each
 * call has a deadline and is repeated with jitter. "Repeatable" is the caller's promise: the call may
 * have been applied although its answer was lost, so each write is conditional, fenced or put-once.
 *
 * p-retry has no deadline and no jitter of its own and skips a plain TypeError, so every option is given.
 */
export async function retrying<T>(
  what: string,
  call: () => Promise<T>,
  { retries, callMs, deadlineMs }: Patience = steady,
): Promise<T> {
  try {
    return await pRetry(() => inTime(what, callMs, call()), {
      retries,
      minTimeout: retryLimits.storeRetryMsMin,
      maxTimeout: retryLimits.storeRetryMsMax,
      maxRetryTime: deadlineMs,
      factor: 2,
      randomize: true,
      shouldRetry: ({ error }) => !isPermanent(error),
      onFailedAttempt: ({ error, attemptNumber }) =>
        log("store_retry", { what, attempt: attemptNumber, message: error.message }),
    });
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    throw new StoreFault(`${what}: ${cause.message}`, { cause });
  }
}
