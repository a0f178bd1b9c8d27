// Schedules, webhooks, flow control, the inbox and mail.

/** Schedules: how many there may be, and how their ticks become batches. */
export const scheduleLimits = {
  perTenantMax: 200,
  bodyBytesMax: 256_000,
  inlineMax: 1_000,
  cronCharsMax: 120,
  nextTicksShown: 5,
  ticksKept: 20,
  pageRowsMax: 100,
  ticksPerMinuteMax: 50,
  /** How long one worker has for a tick before another goes on with it. */
  tickLeaseMs: 3 * 60_000,
  tickTriesMax: 5,
  /** A tick whose key has no room is looked at again after this, and given up after the other. */
  deferredLookMs: 60_000,
  deferredMsMax: 24 * 3_600_000,
  /** A tick later than this was missed, and `catch_up` says what becomes of it. */
  lateMsMax: 5 * 60_000,
  /** How far missed ticks are counted; further back there are just many. */
  missedCountedMax: 100,
} as const;

/** Webhooks: how often one is tried, and how long a try may last. */
export const webhookLimits = {
  /** The waits between tries; after the last one comes the last try. */
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
  /** How long one worker has for a try before it is sent again. */
  tryLeaseMs: 3 * 60_000,
  sentPerMinuteMax: 2_000,
  errorCharsMax: 300,
} as const;

/** How long a task is set aside that may not begin, when nobody wakes it earlier. */
export const flowLimits = {
  pausedLookMs: 24 * 3_600_000,
  fullLookMs: 10 * 60_000,
} as const;

/** The queue `inbox`. */
export const inboxLimits = {
  retrySeconds: 60,
  bodyCharsKept: 16_384,
} as const;

/** Mail that becomes a task. */
export const mailLimits = {
  bytesMax: 10_000_000,
  attachmentsMax: 50,
  nestingMax: 20,
  headerBytesMax: 262_144,
  reasonCharsMax: 400,
} as const;

/** The mail that answers with a task's result: the platform sends 5 MiB in all, 2,048 bytes a header. */
export const answerLimits = {
  subjectCharsMax: 200,
  messageIdCharsMax: 250,
  referencesMax: 6,
  textCharsMax: 100_000,
  attachmentsMax: 10,
  attachmentBytesMax: 3_000_000,
  filesNamedMax: 50,
  sendMsMax: 60_000,
} as const;
