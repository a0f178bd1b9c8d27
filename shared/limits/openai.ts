// Files and batches in OpenAI's shape.

export const openAiLimits = {
  /** Form fields other than the file, and the request that creates a batch. */
  formFieldBytesMax: 4_096,
  formPartsMax: 16,
  bodyBytesMax: 100_000,
  fileNameCharsMax: 255,
  /** How long an upload is kept. A batch copies its input at creation. */
  fileSecondsDefault: 30 * 86_400,
  fileSecondsMin: 3_600,
  fileSecondsMax: 30 * 86_400,
  /** An upload that is not complete by then is removed. */
  uploadMsMax: 86_400_000,
  fileRowsDefault: 100,
  /** A request may ask for more rows than one page returns. */
  fileRowsRequestMax: 10_000,
  fileRowsMax: 1_000,
  metadataEntriesMax: 16,
  metadataKeyCharsMax: 64,
  metadataValueCharsMax: 512,
  windowHoursMax: 720,
  resultsPerPage: 200,
  /** Bodies and outputs that are read from R2 at the same time. */
  parallelReadsMax: 5,
} as const;
