// The command line, a deploy, and who may call.

/** The command line: how often it asks and how long it waits. */
export const commandLineLimits = {
  requestMsMax: 120_000,
  watchPollMs: 500,
  modelCheckMsMax: 1_800_000,
  watchLineMs: 2_000,
  watchUnreachableMsMax: 60_000,
  watchPauseAskMs: 5_000,
  failureGroupsShown: 5,
  rateWindowMs: 10_000,
  inputBytesMax: 100_000_000,
  listRowsDefault: 20,
  completionMsMax: 1_000,
  completionRowsMax: 100,
  completionAboutCharsMax: 60,
} as const;

/** How long a deploy waits for the fleet to answer. */
export const deployLimits = {
  healthAsksMax: 10,
  healthAskMsMax: 5_000,
  healthPauseMs: 3_000,
} as const;

/** API keys: what one may be made of, and how often its use is written down. */
export const keyLimits = {
  bodyBytesMax: 100_000,
  requestsPerMinuteMax: 100_000,
  backlogMax: 1_000_000,
  lastUsedMs: 3_600_000,
} as const;

/** Assertions of Cloudflare Access. */
export const accessLimits = {
  clockSeconds: 30,
  keysMsMax: 5_000,
  keysPauseMs: 30_000,
  keysKeptMs: 3_600_000,
} as const;

/** What is told of the models: the default ones and those that most of a tenant's tasks name. */
export const paceLimits = { modelsMax: 50, askMsMax: 5_000 } as const;

/** What the dashboard's aggregates read at most: a page that is looked at must not scan a store. */
export const overviewLimits = {
  minutesDefault: 60,
  minutesMax: 360,
  batchesMax: 200,
  /** Stale tallies, whose 500 tasks each are read, and counted ones, which are read themselves. */
  chunksMax: 40,
  countedChunksMax: 400,
  singleTasksMax: 2_000,
  failureGroupsMax: 100,
  /** Models by themselves; a tenant may name another one in each task. */
  modelsMax: 100,
} as const;
