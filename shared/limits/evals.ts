/** Evaluations: their size, and how much of them one invocation grades. */
export const evalLimits = {
  bodyBytesMax: 10_000_000,
  rowsMax: 10_000,
  variantsMax: 8,
  samplesMax: 16,
  /** Rows times samples, of one variant. */
  tasksMax: 10_000,
  gradersMax: 16,
  calibrationRowsMax: 1_000,
  /** Fewer labelled rows say too little of a judge to correct its verdicts. */
  calibrationRowsMin: 20,
  placeCharsMax: 500,
  patternCharsMax: 500,
  programCharsMax: 20_000,
  rubricCharsMax: 20_000,
  /** How much of a row, and of an answer, a judge sees: both fit a task's input, also in escaped UTF-8. */
  judgedCharsMax: 60_000,
  nameCharsMax: 100,
  /** A longer output is kept shortened for people; its grade is of the whole. */
  outputCharsKept: 10_000,
  rowsToLabel: 20,
  listRowsMax: 100,
  listRowsDefault: 20,
  startGraceMs: 60_000,
  pollMs: 60_000,
  answersPerPage: 500,
  takenPerTickMax: 5,
  programCasesPerCall: 50,
  programMsMax: 10_000,
  programValueBytesMax: 10_000,
  programCallMsMax: 120_000,
} as const;
