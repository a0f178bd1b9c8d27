// One call to a model, the pace of calls, and the loop around them.

/** One call to a model. */
export const modelLimits = {
  callMsMax: 300_000,
  replyBytesMax: 4_000_000,
  /** What is believed of a count that a reply tells, tokens or neurons: far beyond any window. */
  countToldMax: 1_000_000_000,
  rawReplyCharsMax: 16_384,
  rawErrorCharsMax: 2_000,
  outputTokensDefault: 8_192,
  callsPerReplyMax: 32,
  argumentsBytesMax: 500_000,
  /** How deep arguments and answers may nest, as deep as a task may. */
  argumentsDepthMax: 64,
  invalidTurnsMax: 3,
  toolOutputCharsMax: 20_000,
  errorTextCharsMax: 300,
  retryAfterMsMax: 86_400_000,
  envelopeDepthMax: 3,
  toolNameCharsMax: 64,
  toolNameReadCharsMax: 256,
  answerTokensMin: 64,
  /** What a reply may be at least, though the window has no room for it by our count. */
  outputTokensMin: 512,
  /** The part of limits.seconds that is kept for the answer, and the most of it. */
  answerSecondsShare: 0.1,
  answerSecondsMax: 30,
  repeatedTextKeptChars: 200,
  decodeDepthMax: 16,
  problemsShownMax: 8,
  namesShownMax: 40,
  truncationTokensMin: 3_000,
  /** Less than this is no window of a model, whatever an endpoint says. */
  windowTokensMin: 256,
  schemaBytesMax: 100_000,
  schemaDepthMax: 32,
  schemaNodesMax: 2_000,
  patternCharsMax: 500,
  refDepthMax: 8,
  leakTextCharsMax: 500_000,
  leakBlocksMax: 64,
  repeatedCharsMin: 400,
  repeatedPieceCharsMax: 60,
} as const;

/** How the governor of one model grants calls. */
export const governorLimits = {
  /** How much of a model's rate is used: calls arrive a little early or late. */
  rateShare: 0.98,
  aheadMsMax: 10_000,
  /** How far ahead the slots are taken while enough tasks are in progress. */
  busyAheadMs: 7_000,
  /** A slot further ahead than this is confirmed when its time has come. */
  confirmMsMin: 1_000,
  refusedMs: 60_000,
  refusedTimesMax: 4,
  refusalsToProbe: 2,
  faultsToOpen: 5,
  openMsMin: 30_000,
  openMsMax: 600_000,
  probeMs: 60_000,
  probeWaitMs: 5_000,
  /** How long a place outlives the last sign of life of its task. */
  placeMs: 120_000,
  callMsMax: 300_000,
  /** How soon after its admission a task makes its first call. */
  firstCallMs: 10_000,
  cycleMsGuess: 10_000,
  cycleMsMax: 120_000,
  /** How much one sample moves a learned mean. */
  learnShare: 0.05,
  /** For how long a granted slot is remembered, for people who look. */
  recentSeconds: 60,
  lineMax: 20_000,
  /** How many of the line's first are looked at for one that is due. */
  lookMax: 200,
  dueEarlyMs: 1_000,
  dueLateMs: 5_000,
  /** After so long beyond its time, a task that waits will not come any more. */
  lostMs: 600_000,
  comeBackMsMin: 2_000,
  comeBackMsMax: 6 * 3_600_000,
  /** A wait for the task's own model that is longer than this is spent on one of its fallbacks. */
  fallbackWaitMsMin: 30_000,
  tellMsMax: 2_000,
} as const;

/** When repeated calls count as a loop: a cycle of up to so many calls, seen so many times in a row. */
export const loopLimits = {
  cycleCallsMax: 3,
  /** After so many rounds the model is told, its next round is not run, and only the answer is asked for. */
  warnAfterRounds: 3,
  blockAfterRounds: 3,
  finishAfterRounds: 5,
} as const;

/** How the conversation is kept within a model's window. */
export const compactionLimits = {
  /** Shares of the window: where old outputs are elided, and what the prompt shall weigh afterwards. */
  startShare: 0.75,
  targetShare: 0.5,
  gentleChars: 1_000,
  firmChars: 400,
  hardChars: 200,
  /** What an endpoint's count may be of our estimate, before we stop believing it. */
  scaleMin: 0.5,
  scaleMax: 3,
  /** One output may be so many characters for each token of the window. */
  outputCharsPerWindowToken: 0.5,
  outputCharsMin: 2_000,
} as const;
