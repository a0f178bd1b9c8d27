import pRetry from "p-retry";
import { retryLimits } from "../limits.ts";
import { type LogFields, log, logBug } from "./log.ts";
import { withTimeout } from "./timeout.ts";

/** A store call that failed even after its retries. */
export class StoreFault extends Error {
  override readonly name = "StoreFault";
}

/** The database has no room for a write: no repetition helps until rows are removed. */
export class DatabaseFull extends StoreFault {
  constructor(operation: string, cause: Error) {
    const advice = "the database is full: shorten RETENTION_DAYS, or erase a tenant's tasks";
    super(`${operation}: ${advice} (${cause.message})`, { cause });
  }
}

const isFull = (error: Error): boolean =>
  /SQLITE_FULL|database or disk is full|maximum (DB|database) size/i.test(error.message);

/** Errors that a repetition cannot fix: our own SQL or arguments are wrong. */
function isPermanent(error: Error): boolean {
  return /SQLITE_ERROR|SQLITE_CONSTRAINT|no such table|syntax error|too many SQL variables|D1_TYPE_ERROR/i.test(
    error.message,
  );
}

/** Logs why work stopped that is retried later: a store that is down, or a bug of ours. */
export function logFailure(operation: string, thrown: unknown, fields: LogFields = {}): void {
  if (!(thrown instanceof StoreFault)) logBug(operation, thrown, fields);
  else log("unhealthy", { what: operation, ...fields, message: thrown.message });
}

/** D1 rejected the call because too many others wait: it was not carried out. */
export const isOverload = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  (/overloaded|too many requests queued|queued for too long/i.test(thrown.message) ||
    isOverload(thrown.cause));

/** How long one call may take, how often it is repeated, and how long all attempts together may take. */
export interface RetryOptions {
  retries: number;
  callMs: number;
  deadlineMs: number;
  /** How long an overloaded store is waited for, however many tries that takes. */
  overloadMs?: number;
}

/** For calls without which the work cannot continue. */
export const defaultRetries: RetryOptions = {
  retries: retryLimits.storeRetries,
  callMs: retryLimits.storeCallMsMax,
  deadlineMs: retryLimits.storeDeadlineMs,
};

/** For the writes of a running task: while its lease lasts, it waits for an overloaded store. */
export const runningRetries: RetryOptions = {
  ...defaultRetries,
  overloadMs: retryLimits.overloadMsMax,
};

/** For calls that a caller waits for, or whose failure is made up for later, as the sweep does for a send. */
export const briefRetries: RetryOptions = {
  retries: retryLimits.briefRetries,
  callMs: retryLimits.briefCallMsMax,
  deadlineMs: retryLimits.briefDeadlineMs,
};

/** For calls that carry many bytes. */
export const bulkyRetries: RetryOptions = {
  retries: retryLimits.bulkyRetries,
  callMs: retryLimits.bulkyCallMsMax,
  deadlineMs: retryLimits.bulkyDeadlineMs,
};

/**
 * Runs one repeatable call of D1, R2, a queue or the governor. All such calls go through this function, so
 * that each has a deadline and is repeated with jitter. The caller promises that the call is repeatable: it
 * may have been applied although its reply was lost, so each write is conditional, fenced or put-once.
 * Rejects with a `StoreFault`.
 *
 * By default p-retry has no deadline and no jitter, and skips a plain TypeError, so every option is given.
 */
export async function withRetries<T>(
  operation: string,
  call: () => Promise<T>,
  { retries, callMs, deadlineMs, overloadMs = 0 }: RetryOptions = defaultRetries,
): Promise<T> {
  const startedAt = Date.now();
  const mayRetry = (error: Error, retriesLeft: number): boolean => {
    const elapsedMs = Date.now() - startedAt;
    if (overloadMs > 0 && isOverload(error)) return elapsedMs < overloadMs;
    if (isFull(error) || isPermanent(error)) return false;
    return retriesLeft > overloadTries && elapsedMs < deadlineMs;
  };
  const overloadTries = Math.ceil(overloadMs / retryLimits.storeRetryMsMin);
  try {
    return await pRetry(() => withTimeout(operation, callMs, call()), {
      retries: retries + overloadTries,
      minTimeout: retryLimits.storeRetryMsMin,
      maxTimeout: retryLimits.storeRetryMsMax,
      maxRetryTime: Math.max(deadlineMs, overloadMs),
      factor: 2,
      randomize: true,
      shouldRetry: ({ error, retriesLeft }) => mayRetry(error, retriesLeft),
      onFailedAttempt: ({ error, attemptNumber }) =>
        log("store_retry", { what: operation, attempt: attemptNumber, message: error.message }),
    });
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (isFull(cause)) throw new DatabaseFull(operation, cause);
    throw new StoreFault(`${operation}: ${cause.message}`, { cause });
  }
}
