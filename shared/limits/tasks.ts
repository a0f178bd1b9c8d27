// What one task, one batch and one request may ask for.

/** Fields of a task. The defaults are those of the API contract. */
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
  /** Depth of a template filled with an item, each of which may have `jsonDepthMax`. */
  filledDepthMax: 128,
  attemptsDefault: 3,
  attemptsMax: 10,
  concurrencyMax: 1_000,
  rehearsalTurnsMax: 200,
  rehearsalDelayMsMax: 60_000,
  redrivesMax: 50,
  delayMsMax: 30 * 24 * 3_600_000,
  problemsReportedMax: 20,
} as const;

/** The budgets of a task that sets none, cumulative across its attempts. */
export const budgetDefaults = {
  steps: 30,
  model_calls: 30,
  tool_calls: 60,
  tokens: 1_000_000,
  cost_usd: 1,
  seconds: 900,
  egress_requests: 100,
  egress_bytes: 10_000_000,
  corrections: 2,
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
  corrections: 10,
} as const;

/** How much of a rejected body is still read, so that the sender receives the response. */
export const bodyLimits = {
  /** Values in one JSON body: each costs memory that its text does not show. */
  jsonValuesMax: 500_000,
  /** The first buffer of a body whose length is not announced. */
  firstBufferBytes: 65_536,
  discardBytesMax: 128_000_000,
  discardMsMax: 5_000,
} as const;

/** Batches: submission, expansion, tallies and closing. */
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
  /** How long the accepting request may expand before the sweep takes over. */
  expandGraceMs: 30_000,
  expandRetryMsMin: 60_000,
  expandRetryMsMax: 3_600_000,
  expandTriesMax: 8,
  redriveTasksPerCallMax: 2_000,
  redriveTasksPerPage: 25,
  redriveRowsPerWindow: 5_000,
  cancelTasksPerCallMax: 10_000,
  cancelTasksPerPage: 500,
  resultRowsPerPage: 200,
  /** Lines per tally; the triggers in the migrations use the same number. */
  tallyTasks: 500,
  /** How often the sweep checks whether a batch is finished, and how much it reads. */
  closeEveryMs: 50_000,
  closedPerTickMax: 50,
  recountedPerReadMax: 50,
  assembledPerTickMax: 40,
  listRowsDefault: 20,
  listRowsMax: 100,
} as const;

/** A dry run of a batch. */
export const dryRunLimits = {
  namesMax: 200,
  requestMsMax: 5_000,
  /** Estimated tokens of the system prompt and the tool descriptions in the first call. */
  openingTokens: 1_500,
  answerTokens: 200,
} as const;
