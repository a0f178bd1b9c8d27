// The command line, deploys, API keys and the dashboard.

/** The command line: how often it polls and how long it waits. */
export const commandLineLimits = {
  requestMsMax: 120_000,
  watchPollMs: 500,
  modelCheckMsMax: 1_800_000,
  watchLineMs: 2_000,
  watchUnreachableMsMax: 60_000,
  watchPauseCheckMs: 5_000,
  failureGroupsShown: 5,
  rateWindowMs: 10_000,
  inputBytesMax: 100_000_000,
  listRowsDefault: 20,
  completionMsMax: 1_000,
  completionRowsMax: 100,
  completionHelpCharsMax: 60,
} as const;

/** How long a deploy waits for the fleet to become healthy. */
export const deployLimits = {
  healthChecksMax: 10,
  healthCheckMsMax: 5_000,
  healthCheckPauseMs: 3_000,
} as const;

/** API keys: what one may contain, and how often `last_used_at` is written. */
export const keyLimits = {
  bodyBytesMax: 100_000,
  requestsPerMinuteMax: 100_000,
  backlogMax: 1_000_000,
  lastUsedWriteMs: 3_600_000,
} as const;

/** Assertions of Cloudflare Access. */
export const accessLimits = {
  clockSkewSeconds: 30,
  keysFetchMsMax: 5_000,
  keysFetchPauseMs: 30_000,
  keysCacheMs: 3_600_000,
} as const;

/** How many models one list holds: the default ones and those that most of a tenant's tasks name. */
export const modelListLimits = { modelsMax: 50, requestMsMax: 5_000 } as const;

/** What the dashboard's aggregates read at most: no page may scan a store. */
export const overviewLimits = {
  minutesDefault: 60,
  minutesMax: 360,
  batchesMax: 200,
  /** Stale tallies, each of which costs its 500 tasks, and counted ones, which cost one row. */
  chunksMax: 40,
  countedChunksMax: 400,
  singleTasksMax: 2_000,
  failureGroupsMax: 100,
  /** A tenant may name a different model in each task. */
  modelsMax: 100,
} as const;
