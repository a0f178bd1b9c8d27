// Checks, samples and escalation of a task.

export const qualityLimits = {
  checksMax: 16,
  checkCodeCharsMax: 50_000,
  checkNameCharsMax: 60,
  rubricCharsMax: 50_000,
  /** A check that gave no verdict is tried this often in all. */
  checkTriesMax: 2,
  /** How much of a check's words the model and the error get. */
  checkWordsCharsMax: 2_000,
  passAtDefault: 0.5,
  samplesMin: 2,
  samplesMax: 16,
  agreeOnMax: 16,
  pointerCharsMax: 200,
  /** The temperatures of samples whose task sets none, in turn: samples at 0 would be one sample. */
  sampleTemperatures: [0.7, 0.5, 0.9],
  escalationsMax: 4,
  /** How much of a class's value, of an answer and of its steps a text shows. */
  classCharsMax: 200,
  judgedAnswerCharsMax: 100_000,
  judgedStepCharsMax: 2_000,
  judgedStepsCharsMax: 40_000,
} as const;
