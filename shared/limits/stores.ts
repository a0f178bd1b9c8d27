// Sizes of stored values, and the platform's own limits.

/** Small values are stored in D1, larger ones in R2. */
export const storeLimits = {
  specInlineBytesMax: 16_384,
  stepInlineBytesMax: 8_192,
  /** Steps in one row of the journal: with the largest payloads far below the 2 MB of a row. */
  turnStepsMax: 50,
  outputInlineBytesMax: 8_192,
  /** The text of a transcript in D1. As a part of its body it must also fit `bodyBytesMax`. */
  transcriptInlineCharsMax: 65_536,
  /** A compressed body with its transcript: two of them fill a page of 4,096 bytes. A longer transcript is in R2. */
  bodyBytesMax: 2_030,
  /** The text of a body, when it is read. */
  bodyTextBytesMax: 8_000_000,
  /** A longer output is in the body only, so that the row stays within its page. */
  outputInRowCharsMax: 200,
  /** A longer error is whole in the body, and without its draft and its effect in the row. */
  errorInlineCharsMax: 400,
  /** One value of a call that moves bodies: D1 takes 2 MB. */
  bodyMoveCharsMax: 1_000_000,
  egressRowsBytesMax: 1_000_000,
  resultBytesMax: 5_000_000,
  draftCharsMax: 4_000,
  /** What one D1 database holds. */
  databaseBytesMax: 10_000_000_000,
  /** From this share on doctor, stats, the overview and the log warn. */
  databaseFillingShare: 0.8,
  /** From this share on new work is refused. */
  databaseFullShare: 0.95,
  /** An older observation of the size is asked for again. */
  databaseSizeMsMax: 60_000,
  pageRowsDefault: 50,
  pageRowsMax: 500,
  /** How many of a tenant's tasks one page of a filtered list reads. */
  listScanRows: 2_000,
  /** How many of the newest decisions the summary by host counts. */
  egressScanRows: 20_000,
  spendDaysDefault: 30,
  spendDaysMax: 366,
  uploadBytesMax: 100_000_000,
  partBytes: 5_242_880,
  inputKeyCharsMax: 512,
} as const;

/** The platform's own limits. */
export const platformLimits = {
  queueDelaySecondsMax: 86_400,
  queueSendBatchMessagesMax: 100,
  d1ValueBytesMax: 2_000_000,
  r2ListKeysMax: 1_000,
  r2DeleteKeysMax: 1_000,
} as const;
