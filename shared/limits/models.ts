// Model calls, the governor, repetition and compaction.

/** One model call, and what is read from its reply. */
export const modelLimits = {
  callMsMax: 300_000,
  replyBytesMax: 4_000_000,
  /** The largest count (tokens or neurons) that is accepted from a reply: far beyond any window. */
  reportedCountMax: 1_000_000_000,
  /** A reported completion that is this many times smaller than our estimate is not believed. */
  usageFactorMax: 8,
  /** Values and nesting of a reply's JSON: each value costs memory that its text does not show. */
  replyValuesMax: 100_000,
  replyDepthMax: 512,
  /** Events of a stream that cannot be read; with more it is no stream. */
  unreadableEventsMax: 100,
  rawReplyCharsMax: 16_384,
  rawErrorCharsMax: 2_000,
  outputTokensDefault: 8_192,
  callsPerReplyMax: 32,
  argumentsBytesMax: 500_000,
  /** The longest text that is repaired by guessing, whose cost grows with the square of the length. */
  repairedCharsMax: 32_768,
  /** Nesting depth of arguments and answers, the same as for a task. */
  argumentsDepthMax: 64,
  invalidTurnsMax: 3,
  toolOutputCharsMax: 20_000,
  errorTextCharsMax: 300,
  /** How much of an error body is read for its meaning. */
  errorBodyCharsMax: 8_000,
  /** A task waits for an exhausted account at least this long, because its allowance never returns sooner. */
  quotaWaitMsMin: 600_000,
  retryAfterMsMax: 86_400_000,
  envelopeDepthMax: 3,
  toolNameCharsMax: 64,
  toolNameReadCharsMax: 256,
  answerTokensMin: 64,
  /** The smallest `max_tokens`, even when our estimate leaves no room in the window. */
  outputTokensMin: 512,
  /** The share of `limits.seconds` that is reserved for the answer, and its maximum. */
  answerSecondsShare: 0.1,
  answerSecondsMax: 30,
  repeatedTextStoredChars: 200,
  decodeDepthMax: 16,
  problemsShownMax: 8,
  namesShownMax: 40,
  servedModelsMax: 1_000,
  truncationTokensMin: 3_000,
  /** A smaller context window than this, as reported by an endpoint, is ignored. */
  windowTokensMin: 256,
  schemaBytesMax: 100_000,
  schemaDepthMax: 32,
  schemaNodesMax: 2_000,
  patternCharsMax: 500,
  /** For one value, in units of about 0.1 microseconds: see consumer/models/schemas/meter.ts. */
  schemaWorkMax: 2_000_000,
  refDepthMax: 8,
  leakTextCharsMax: 500_000,
  leakBlocksMax: 64,
  repeatedCharsMin: 400,
  repeatedPieceCharsMax: 60,
} as const;

/** Pictures of one task that a model is shown. */
export const pictureLimits = {
  countMax: 16,
  bytesMax: 5_000_000,
  bytesTotalMax: 12_000_000,
  sidePixelsMax: 16_384,
  /** For the estimate of a prompt. */
  pixelsPerToken: 784,
  tokensMin: 64,
  tokensMax: 16_384,
} as const;

/** A call that only tries a model: `fleet doctor` and the start of a local run. */
export const modelTryLimits = {
  listMsMax: 5_000,
  callMsMax: 60_000,
  requestMsMax: 80_000,
  bodyBytesMax: 100_000,
  /** Enough for a model that reasons before it answers. */
  outputTokensMax: 2_048,
} as const;

/** How a model's governor grants calls. */
export const governorLimits = {
  /** The share of a model's rate that is used, because calls arrive a little early or late. */
  rateShare: 0.98,
  aheadMsMax: 10_000,
  /** How far ahead calls are reserved while enough tasks are in progress. */
  busyAheadMs: 7_000,
  /** How far ahead calls are granted without storing the state again. */
  storedAheadMs: 5_000,
  /** How late the first call of a task may be made, after it was reserved with the task's admission. */
  callUseMsMax: 1_000,
  /** After a late first call, none is reserved with an admission for this long. */
  lateCallMs: 60_000,
  refusalBackOffMs: 60_000,
  refusalBackOffFactorMax: 4,
  refusalsToProbe: 2,
  faultsToOpen: 5,
  openMsMin: 30_000,
  openMsMax: 600_000,
  probeMs: 60_000,
  probeWaitMs: 5_000,
  /** How long a task keeps its slot after its last activity. */
  slotMs: 120_000,
  callMsMax: 300_000,
  /** How soon after its admission a task makes its first call. */
  firstCallMs: 10_000,
  cycleMsGuess: 10_000,
  cycleMsMax: 120_000,
  /** How much one sample moves a learned mean. */
  learnShare: 0.05,
  /** How long granted calls are counted for snapshots. */
  recentSeconds: 60,
  /** So many messages may always wait; else this share of the number of slots. */
  waitlistMin: 20,
  waitlistShare: 0.75,
  /** How long an isolate drops further messages after the governor needed none. */
  surplusMs: 5_000,
  /** How many entries from the front of the waitlist are searched for a due one. */
  waitlistScanMax: 200,
  dueEarlyMs: 1_000,
  dueLateMs: 5_000,
  /** A waiting task that is this late counts as no longer waiting. */
  waitlistExpiryMs: 600_000,
  retryMsMin: 2_000,
  retryMsMax: 6 * 3_600_000,
  /** If the wait for the task's own model is longer, a fallback model is used. */
  fallbackWaitMsMin: 30_000,
  reportMsMax: 2_000,
} as const;

/** When repeated calls count as a loop: a cycle of up to `cycleCallsMax` calls, repeated this often. */
export const loopLimits = {
  cycleCallsMax: 3,
  /** After this many rounds: a warning; the next round is not run; only the final answer is requested. */
  warnAfterRounds: 3,
  blockAfterRounds: 3,
  finishAfterRounds: 5,
} as const;

/** How the conversation is kept within the model's context window. */
export const compactionLimits = {
  /** Shares of the window: when old outputs are elided, and the target size of the prompt afterwards. */
  startShare: 0.75,
  targetShare: 0.5,
  gentleChars: 1_000,
  firmChars: 400,
  hardChars: 200,
  /** The range in which an endpoint's token count divided by our estimate is trusted. */
  scaleMin: 0.5,
  scaleMax: 3,
  /** Characters that one output may have for each token of the window. */
  outputCharsPerWindowToken: 0.5,
  outputCharsMin: 2_000,
} as const;
