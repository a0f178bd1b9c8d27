// What one task, one batch and one request may ask for.

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
  /** A template with an item in it: each may nest that deep. */
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
