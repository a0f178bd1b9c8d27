import pRetry from "p-retry";
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

/**
 * Runs one repeatable call of D1, R2 or the queue. "Repeatable" is the caller's promise: the call
 * may have been applied although its answer was lost, so each write is conditional, fenced or put-once.
 *
 * p-retry has no deadline and no jitter of its own and skips a plain TypeError, so every option is given.
 */
export async function retrying<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await pRetry(() => deadlined(what, call()), {
      retries: retryLimits.storeRetries,
      minTimeout: retryLimits.storeRetryMsMin,
      maxTimeout: retryLimits.storeRetryMsMax,
      maxRetryTime: retryLimits.storeDeadlineMs,
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

/** A store call has no signal of its own; past the deadline its answer no longer matters. */
async function deadlined<T>(what: string, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not answer in ${retryLimits.storeCallMsMax} ms`)),
      retryLimits.storeCallMsMax,
    );
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
