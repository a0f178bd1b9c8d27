// Every bound of the fleet, each with its unit in its name, in this one file.
// A number that stops something and stands elsewhere is a defect.
// The platform's own numbers (queues, D1, Workers) carry the word "platform".

export * from "./limits_flow.ts";

/** What one task may ask for and how far it may go. The defaults are the contract's. */
export const taskLimits = {
  bodyBytesMax: 1_000_000,
  promptCharsMax: 500_000,
  messagesMax: 200,
  inputBytesMax: 500_000,
  filesMax: 200,
  toolsMax: 64,
  mcpServersMax: 8,
  skillsMax: 16,
  fallbackModelsMax: 5,
  labelsMax: 16,
  labelValueCharsMax: 128,
  keyCharsMax: 255,
  jsonDepthMax: 64,
  attemptsDefault: 3,
  attemptsMax: 10,
  concurrencyMax: 1_000,
  rehearsalTurnsMax: 200,
  rehearsalDelayMsMax: 60_000,
  redrivesMax: 50,
  delayMsMax: 30 * 24 * 3_600_000,
  problemsReportedMax: 20,
} as const;

/** The budgets of a task that names none, cumulative across its attempts. */
export const budgetDefaults = {
  steps: 30,
  model_calls: 30,
  tool_calls: 60,
  tokens: 1_000_000,
  cost_usd: 1,
  seconds: 900,
  egress_requests: 100,
  egress_bytes: 10_000_000,
} as const;

/** The most that a task may set each budget to. */
export const budgetCeilings = {
  steps: 500,
  model_calls: 500,
  tool_calls: 1_000,
  tokens: 20_000_000,
  cost_usd: 100,
  seconds: 86_400,
  egress_requests: 10_000,
  egress_bytes: 1_000_000_000,
} as const;

/** How long a refused body is read on, so that its sender hears why. */
export const bodyLimits = {
  discardBytesMax: 128_000_000,
  discardMsMax: 5_000,
} as const;

/** Batches: what one submission may hold and how it is expanded. */
export const batchLimits = {
  tasksMax: 50_000,
  ndjsonBytesMax: 100_000_000,
  jsonBytesMax: 10_000_000,
  expandLinesPerChunkMax: 500,
  expandBytesPerChunkMax: 1_000_000,
  badLinesReportedMax: 100,
  linesPerTurnMax: 500,
  defaultsBytesMax: 500_000,
  expandMsMax: 25_000,
  expandPutsAtOnceMax: 5,
  insertBytesMax: 1_500_000,
  batchesPerTickMax: 20,
  /** How long the accepting request may take to expand before the sweep goes on in its place. */
  expandGraceMs: 30_000,
  expandRetryMsMin: 60_000,
  expandRetryMsMax: 3_600_000,
  expandTriesMax: 8,
  redriveTasksPerCallMax: 2_000,
  redriveTasksPerPage: 25,
  redriveRowsPerWindow: 5_000,
  resultRowsPerPage: 200,
  /** Lines that one tally counts; the migration's triggers say the same number. */
  tallyTasks: 500,
  /** How often the sweep looks whether a batch is finished, and at how much of it. */
  closeEveryMs: 50_000,
  closedPerTickMax: 50,
  recountedPerLookMax: 50,
  assembledPerTickMax: 40,
  listRowsDefault: 20,
  listRowsMax: 100,
} as const;

/** A batch that is looked at and not accepted. */
export const dryRunLimits = {
  namesMax: 200,
  askMsMax: 5_000,
  /** What the fleet's own text and the tools' descriptions weigh in a first call, about. */
  openingTokens: 1_500,
  answerTokens: 200,
} as const;

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

/** What is kept where: small values stand in D1, larger ones in R2. */
export const storeLimits = {
  specInlineBytesMax: 16_384,
  stepInlineBytesMax: 8_192,
  outputInlineBytesMax: 8_192,
  transcriptInlineBytesMax: 8_192,
  egressRowsBytesMax: 1_000_000,
  resultBytesMax: 5_000_000,
  draftCharsMax: 4_000,
  pageRowsDefault: 50,
  pageRowsMax: 500,
  spendDaysDefault: 30,
  spendDaysMax: 366,
  uploadBytesMax: 100_000_000,
  partBytes: 5_242_880,
  inputKeyCharsMax: 512,
} as const;

/** One call to a model. */
export const modelLimits = {
  callMsMax: 300_000,
  replyBytesMax: 4_000_000,
  rawReplyCharsMax: 16_384,
  rawErrorCharsMax: 2_000,
  outputTokensDefault: 8_192,
  callsPerReplyMax: 32,
  argumentsBytesMax: 500_000,
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

/** One run of the agent's code in a sandbox. */
export const sandboxLimits = {
  codeBytesMax: 256_000,
  fuelMax: 250_000_000,
  memoryBytesMax: 24_000_000,
  stackBytesMax: 512_000,
  logBytesMax: 100_000,
  valueBytesMax: 100_000,
  searchValueBytesMax: 4_000_000,
  hostCallsInFlightMax: 16,
  hostCallsMax: 1_000,
  wallMsMax: 60_000,
  /** How long a program may wait for its turn in the interpreter, where four run at once. */
  admissionMsMax: 300_000,
  /** How much later than its own deadline a run may answer before its engine counts as hung. */
  graceMs: 30_000,
  programsAtOnceMax: 4,
  /** 64 KiB pages of a fresh interpreter: its data, its stack and the prelude's heap. */
  bootPages: 128,
  errorBytesMax: 10_000,
  timersMax: 10_000,
  sleepMsMax: 2_000,
  /** With the interpreter's Worker these are the 4 Dynamic Workers that an invocation may hold. */
  nativeAtOnceMax: 3,
  nativePollMs: 20,
  nativeCpuMsMax: 10_000,
  /** How long a container may take to start, beyond what its run may last. */
  vmStartMsMax: 90_000,
  nativeSubRequestsMax: 10,
} as const;

/** One script of run_bash. The interpreter counts; the platform's CPU limit ends what it does natively. */
export const bashLimits = {
  scriptCharsMax: 100_000,
  scriptsAtOnceMax: 4,
  fileSystemBytesMax: 32_000_000,
  cpuMsMax: 10_000,
  subRequestsMax: 10,
  graceMs: 1_000,
  execution: {
    maxCommandCount: 20_000,
    maxLoopIterations: 100_000,
    maxCallDepth: 100,
    maxAwkIterations: 100_000,
    maxSedIterations: 10_000,
    maxJqIterations: 100_000,
    maxOutputSize: 1_000_000,
    maxStringLength: 10_000_000,
    maxLiveBytes: 48_000_000,
    maxInputBytes: 32_000_000,
    maxFileSystemBytes: 32_000_000,
    maxArrayElements: 100_000,
    maxHeredocSize: 1_000_000,
    maxBraceExpansionResults: 10_000,
    maxGlobOperations: 100_000,
  },
} as const;

/** The files of one task. */
export const workspaceLimits = {
  filesMax: 1_000,
  bytesMax: 16_000_000,
  fileBytesMax: 8_000_000,
  callsAtOnceMax: 5,
  pathCharsMax: 512,
  /** What one read or listing shows: with its last line it stays under toolOutputCharsMax. */
  readCharsMax: 19_000,
  readLinesMax: 2_000,
  patternCharsMax: 1_000,
  matchesShownMax: 100,
  matchCharsMax: 160,
  searchPartChars: 500_000,
  namesShownMax: 20,
} as const;

/** What leaves through the gateway. A policy's own limits can only be lower. */
export const egressLimits = {
  requestBytesMax: 5_000_000,
  responseBytesMax: 10_000_000,
  requestMsMax: 60_000,
  urlCharsMax: 8_192,
  headersMax: 100,
  headerBytesMax: 32_768,
  /** A body that states at most this length is read as a whole. */
  wholeBytesMax: 65_536,
  responseHeadersMax: 500,
  responseHeaderBytesMax: 131_072,
  redirectsMax: 10,
  rulesMax: 500,
  policyBytesMax: 262_144,
  policyRefusalsMax: 20,
  loggedUrlCharsMax: 2_048,
  loggedMethodCharsMax: 32,
  permittedShownMax: 10,
  /** Paths that share nothing get this many prefixes of their own before one stands for them all. */
  learntPrefixesMax: 8,
  uncertainShownMax: 5,
} as const;

/** What the tools over bindings take and answer. */
export const toolLimits = {
  browserMsMax: 30_000,
  screenshotPixels: { width: 1280, height: 800 },
  aiAnswerBytesMax: 10_000_000,
  imagePromptCharsMax: 2_000,
  imageDollarsUnknown: 0.1,
  sqlCharsMax: 20_000,
  sqlParametersMax: 100,
  sqlRowsMax: 200,
  sqlNoteChars: 200,
  vectorQueryCharsMax: 2_000,
  vectorMatchesDefault: 5,
  vectorMatchesMax: 20,
  /** The whole of `vectorQueryCharsMax` as tokens, at the price of the dearest embedding model. */
  embeddingDollars: 0.0005,
  addressCharsMax: 320,
  subjectCharsMax: 200,
  mailCharsMax: 100_000,
} as const;

/** What is taken of an MCP server, of what it says and of what it answers. */
export const mcpLimits = {
  callMsMax: 60_000,
  pagesMax: 10,
  listedMax: 500,
  toolsPerServerMax: 64,
  nameCharsMax: 256,
  shownNameCharsMax: 64,
  descriptionCharsMax: 1_000,
  fieldCharsMax: 300,
  schemaCharsMax: 10_000,
  partsMax: 100,
  errorCharsMax: 500,
} as const;

/** The skills of one task. */
export const skillLimits = {
  filesMax: 200,
  bytesMax: 2_000_000,
  frontMatterCharsMax: 8_000,
  nameCharsMax: 64,
  descriptionCharsMax: 500,
} as const;

/** What the producer keeps of the consumer's listing of its tools. */
export const offeringLimits = {
  askMsMax: 5_000,
  keptMs: 30_000,
  tenantsKeptMax: 1_000,
} as const;

/** The platform's own bounds that the code must stay under. */
export const platformLimits = {
  queueDelaySecondsMax: 86_400,
  queueSendBatchMessagesMax: 100,
  d1ValueBytesMax: 2_000_000,
  r2ListKeysMax: 1_000,
  r2DeleteKeysMax: 1_000,
} as const;

/** The command line: how often it asks and how long it waits. */
export const commandLineLimits = {
  requestMsMax: 120_000,
  watchPollMs: 500,
  modelCheckMsMax: 1_800_000,
  watchLineMs: 2_000,
  watchUnreachableMsMax: 60_000,
  rateWindowMs: 10_000,
  inputBytesMax: 100_000_000,
  listRowsDefault: 20,
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
