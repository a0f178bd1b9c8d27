/** Approvals: how long a call waits for a person, and how much of it a person is shown. */
export const approvalLimits = {
  toolsMax: 64,
  secondsDefault: 86_400,
  secondsMax: 30 * 86_400,
  noteCharsMax: 2_000,
  bodyBytesMax: 1_000_000,
  /** The last steps before the call that a person sees, and of each its start. */
  stepsShown: 5,
  stepCharsShown: 400,
  decidedPerCallMax: 1_000,
  listRowsMax: 100,
  listRowsDefault: 20,
} as const;
