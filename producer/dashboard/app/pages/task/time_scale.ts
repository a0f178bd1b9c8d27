/** The scale on which the steps of a task are drawn. */
export interface TimeScale {
  /** Milliseconds since 1970. */
  from: number;
  /** At least 1. */
  ms: number;
}
