// Schedules, webhooks, flow control, the inbox and mail.

/** Schedules and their ticks. */
export const scheduleLimits = {
  perTenantMax: 200,
  bodyBytesMax: 256_000,
  inlineMax: 1_000,
  cronCharsMax: 120,
  nextTicksShown: 5,
  ticksKept: 20,
  pageRowsMax: 100,
  ticksPerMinuteMax: 50,
  /** How long one worker has for a tick before another takes it over. */
  tickLeaseMs: 3 * 60_000,
  tickTriesMax: 5,
  /** A tick whose key has a full backlog is checked again after the first, and dropped after the second. */
  deferredCheckMs: 60_000,
  deferredMsMax: 24 * 3_600_000,
  /** A tick later than this counts as missed; `catch_up` decides whether it runs. */
  lateMsMax: 5 * 60_000,
  /** Missed ticks are counted up to this number. */
  missedCountedMax: 100,
} as const;

/** Webhooks: when one is tried again, and how long a try may last. */
export const webhookLimits = {
  /** The delays between tries; the try after the last delay is the last one. */
  backOffMs: [
    5_000,
    60_000,
    5 * 60_000,
    30 * 60_000,
    2 * 3_600_000,
    5 * 3_600_000,
    10 * 3_600_000,
    14 * 3_600_000,
  ],
  /** How long one worker has for a try before the webhook is sent again. */
  tryLeaseMs: 3 * 60_000,
  sentPerMinuteMax: 2_000,
  errorCharsMax: 300,
} as const;

/** Flow control: how long a parked task waits if its wake is lost, and how the next task is chosen. */
export const flowLimits = {
  pausedCheckMs: 24 * 3_600_000,
  concurrencyCheckMs: 10 * 60_000,
  /** Tasks that one statement wakes after a pause. */
  wokenPerPage: 1_000,
  /** Flows that one choice of the next task looks at: more that are all paused, full or closed wait a turn. */
  flowsPerChoiceMax: 200,
  /** Queued tasks that a settlement reads to know whether its slot has more to do. */
  waitingReadMax: 8,
  /** Tenants whose place in the turn an isolate remembers: each claim sends them to D1. */
  turnTenantsMax: 100,
} as const;

/** After a restore of the database to an earlier state. */
export const restoreLimits = {
  tasksPerPage: 100,
  pagesPerTickMax: 3,
  /** A task that is set aside is checked again after this, as one that is paused. */
  checkMs: 24 * 3_600_000,
  /** Rows of a tenant that one call of a resume reads. */
  rowsPerWindow: 2_000,
  /** More than the claims and redrives that a task may have had since the state that was restored. */
  fencesSkipped: 1_000,
  /** An output that is adopted is stored in the row up to this; a longer one is read from the result. */
  outputCharsMax: 8_192,
} as const;

/** The steps of an erasure. */
export const erasureLimits = {
  rowsPerStep: 500,
  /** Rows of tasks, of any tenant, that one step reads. */
  taskRowsPerStep: 500,
} as const;

/** The queue `inbox`. */
export const inboxLimits = {
  retrySeconds: 60,
  bodyCharsStored: 16_384,
} as const;

/** Inbound mail that becomes a task. */
export const mailLimits = {
  bytesMax: 10_000_000,
  attachmentsMax: 50,
  nestingMax: 20,
  /** Lines, not counting those that are joined because they are base64. */
  linesMax: 20_000,
  /** Lines of base64 in a run that keep their breaks, and how many of the others become one. */
  base64LinesKept: 100,
  base64LinesJoined: 1_000,
  /** Lines that start with two dashes, as each part does. */
  dashLinesMax: 5_000,
  headerBytesMax: 262_144,
  reasonCharsMax: 400,
} as const;

/** The mail that carries a task's result. The platform sends at most 5 MiB, and 2,048 bytes a header. */
export const mailAnswerLimits = {
  subjectCharsMax: 200,
  messageIdCharsMax: 250,
  referencesMax: 6,
  textCharsMax: 100_000,
  attachmentsMax: 10,
  attachmentBytesMax: 3_000_000,
  filesNamedMax: 50,
  sendMsMax: 60_000,
} as const;
