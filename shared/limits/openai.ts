// Files and batches in OpenAI's shape.

export const openAiLimits = {
  /** A form's fields beside its file, and the request that makes a batch. */
  formFieldBytesMax: 4_096,
  formPartsMax: 16,
  bodyBytesMax: 100_000,
  fileNameCharsMax: 255,
  /** How long an upload stays: what the batch needs of it, it has copied by then. */
  fileSecondsDefault: 30 * 86_400,
  fileSecondsMin: 3_600,
  fileSecondsMax: 30 * 86_400,
  /** An upload that is not whole by then is given up. */
  uploadMsMax: 86_400_000,
  fileRowsDefault: 100,
  /** A listing may be asked for more than it answers in one page. */
  fileRowsAskedMax: 10_000,
  fileRowsMax: 1_000,
  metadataEntriesMax: 16,
  metadataKeyCharsMax: 64,
  metadataValueCharsMax: 512,
  windowHoursMax: 720,
  /** Up to so many tasks, whoever asks first writes the output files; of larger batches the sweep does. */
  filesAtOnceTasksMax: 1_000,
  answersPerPage: 200,
  /** Bodies and outputs that stand in R2, read at the same time. */
  answersAtOnceMax: 5,
} as const;
