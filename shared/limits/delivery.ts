// Leases, the sweep, retention and retries.

/** Who owns a task, and for how long. */
export const leaseLimits = {
  leaseMs: 180_000,
  heartbeatMs: 60_000,
  /** How much later than its lease a running task is due for the sweep: so every second heartbeat moves it. */
  sweepAfterLeaseMs: 65_000,
  clockSkewMs: 1_000,
  sliceMs: 240_000,
  localSliceMs: 10_000,
} as const;

/** How long the slots of one invocation take further tasks. */
export const refillLimits = {
  msMin: 15_000,
  /** With a slice and the longest model call, below the 15 minutes that an invocation may last. */
  msMax: 5 * 60_000,
  /** D1 statements; an invocation may run 1,000. */
  queriesMax: 600,
} as const;

/** How long an isolate looks at a message's own task first, after it found no task to take. */
export const idleLimits = { lookFirstMs: 2_000 } as const;

/** The circuit breaker of a model endpoint. */
export const breakerLimits = {
  faultsMin: 5,
  /** Faults are an outage only when no call was answered for this long. */
  silentMsMin: 2_000,
  probeEveryMs: 5_000,
  /** The longest wait of a task that does not probe. */
  crowdWaitMsMax: 10 * 60_000,
  /** A probe without an outcome expires after this. */
  probeMsMax: 10_000,
  /** A fault that prolongs an outage by less is not stored. */
  storedMsMin: 1_000,
  /** An isolate reads the state of a working endpoint again after this. */
  refreshMs: 5_000,
  loneFaultWaitMs: 1_000,
  /** A fault is the task's own when the endpoint answered another call within this time. */
  loneWindowMs: 60_000,
  /** Consecutive faults of one task, while others succeed, that cost an attempt. */
  loneFaultsMax: 8,
  /** The start of an outage whose tasks never run out of patience. */
  patienceMsDefault: 3_600_000,
  /** Endpoints whose state an isolate remembers. */
  endpointsKnownMax: 1_000,
  /** Hints that are sent when an endpoint answers again. */
  recoveryHintsMax: 100,
} as const;

/** How new work slows down when D1 is overloaded or slow. */
export const pressureLimits = {
  /** An answer that takes longer is slow. */
  slowMs: 2_000,
  /** The first delay of a claim. */
  delayMsMin: 500,
  delayMsMax: 120_000,
  overloadFactor: 2,
  slowFactor: 1.2,
  fastFactor: 0.8,
  /** Several errors within this time count as one. */
  signMs: 1_000,
  /** The delay halves in this time while no answer of D1 changes it. */
  halfLifeMs: 15_000,
  /** A slot waits in its invocation for this long; a longer delay is waited for in the queue. */
  waitInSlotMsMax: 30_000,
} as const;

export const concurrencyLimits = {
  localDefault: 32,
  localMax: 1_000,
} as const;

/** How the sweep finds lost messages and removes old rows. */
export const sweepLimits = {
  resendAfterMs: 15 * 60_000,
  resendDoublingsMax: 6,
  /** How long one sweep owns the due rows that it took. */
  takeLeaseMs: 2 * 60_000,
  /** The `sweep_at` of a task that needs nothing from the sweep. */
  never: 9e15,
  /** A task that has been due for this long gets a hint. */
  hintAfterMs: 30_000,
  localHintAfterMs: 5_000,
  hintsPerTickMax: 100,
  readyRowsMax: 1_000,
  rowsPerPassMax: 500,
  passesPerTickMax: 10,
  smallBacklogMessages: 100,
  /** A cleanup that reached its end starts again after this. */
  cleanupEveryMs: 3_600_000,
  cleanupPagesPerTickMax: 20,
  cleanupMsMax: 20_000,
  /** D1 statements of one cron invocation, which may run 1,000: after them, each part finishes what it has started. */
  queriesMax: 700,
  oldTasksPerPage: 100,
  /** Rows of settled tasks whose bodies one page moves, each at most about 40 KB. */
  wideTasksPerPage: 250,
  /** More than tasks, because these rows are small and have no objects in R2. */
  oldMessagesPerPage: 500,
  /** Few, because each old batch may have 50,000 tasks to check. */
  oldBatchesPerPage: 5,
  /** While more old tasks than this are left, the cleanup of policies waits. */
  policyTasksReadMax: 10_000,
} as const;

/** How long settled work is kept, and how old an orphaned object must be. */
export const retentionLimits = {
  daysDefault: 30,
  daysMax: 3_650,
  dayMs: 86_400_000,
  /** The writer of a younger object may not have inserted its row yet. */
  orphanMsMin: 86_400_000,
  /** Rows of `egress_log` that one transaction deletes; a single task may have more. */
  decisionsPerDeleteMax: 5_000,
  /** A consumer stores its policies again after this, and pins no older ones. */
  policiesStoreMs: 86_400_000,
  /** A `used_at` younger than this is not written again. */
  policiesMarkMs: 43_200_000,
} as const;

/** The delay before a failed attempt, model call or store call is tried again. */
export const retryLimits = {
  delayMsMin: 5_000,
  delayFactor: 6,
  delayMsMax: 300_000,
  requeueMs: 60_000,
  /** A message whose task could not be written to a full database comes back after this. */
  fullRetrySeconds: 1_800,
  storeRetries: 4,
  storeRetryMsMin: 50,
  storeRetryMsMax: 1_000,
  storeCallMsMax: 10_000,
  storeDeadlineMs: 20_000,
  /** Below the lease. */
  overloadMsMax: 120_000,
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
