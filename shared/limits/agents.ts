/** The fleet as tools of an agent: what one answer may hold, and how long one call may wait. */
export const agentLimits = {
  outputCharsMax: 20_000,
  valueCharsMax: 1_500,
  faultsShown: 20,
  rowsMax: 50,
  rowsDefault: 20,
  tasksPerCallMax: 1_000,
  /** Clients give up on a call after about a minute. */
  waitSecondsMax: 45,
  waitPollMs: 1_000,
  policyRequestsMax: 50,
  bodyBytesMax: 4_000_000,
} as const;
