// Who owns a task and for how long, what is tried again, and what is cleared away.

/** Who owns a task, and for how long. */
export const leaseLimits = {
  leaseMs: 60_000,
  heartbeatMs: 20_000,
  clockSkewMs: 1_000,
  sliceMs: 60_000,
  localSliceMs: 10_000,
} as const;

/** How the sweep finds what was never delivered. */
export const sweepLimits = {
  resendAfterMs: 15 * 60_000,
  resendDoublingsMax: 6,
  /** How long a due task is one sweep's to send. */
  takenMs: 2 * 60_000,
  localIdleMs: 20_000,
  rowsPerPassMax: 500,
  passesPerTickMax: 10,
  smallBacklogMessages: 100,
  /** A walk that came to its end begins again after this. */
  walkEveryMs: 3_600_000,
  walkPagesPerTickMax: 20,
  walkMsMax: 20_000,
  oldTasksPerPage: 100,
  /** Small rows with nothing beside them. */
  oldToldPerPage: 500,
  /** Each may have 50,000 tasks to look at. */
  oldBatchesPerPage: 5,
  /** Where more tasks than this are old, the walk over policies waits. */
  policyTasksReadMax: 10_000,
} as const;

/** How long what is settled stays, and when an object without an owner is one. */
export const retentionLimits = {
  daysDefault: 30,
  daysMax: 3_650,
  dayMs: 86_400_000,
  /** Younger objects may have a writer that is still on its way to its row. */
  orphanMsMin: 86_400_000,
  /** Rows of `egress_log` that one transaction deletes, unless a single task has more. */
  decisionsAtOnceMax: 5_000,
  /** A consumer tells anew which policies it runs with after this, and pins no older ones. */
  policiesToldMs: 86_400_000,
  /** A mark that is younger is not written again. */
  policiesMarkMs: 43_200_000,
} as const;

/** The wait before a failed attempt is tried again. */
export const retryLimits = {
  delayMsMin: 5_000,
  delayFactor: 6,
  delayMsMax: 300_000,
  giveBackMs: 60_000,
  storeRetries: 4,
  storeRetryMsMin: 50,
  storeRetryMsMax: 1_000,
  storeCallMsMax: 10_000,
  storeDeadlineMs: 20_000,
  briefRetries: 1,
  briefCallMsMax: 5_000,
  briefDeadlineMs: 8_000,
  bulkyRetries: 2,
  bulkyCallMsMax: 60_000,
  bulkyDeadlineMs: 150_000,
  waitInSliceMsMax: 10_000,
  refusedWaitMsMin: 1_000,
  refusalsInRowMax: 3,
} as const;
