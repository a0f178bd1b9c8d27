import type { BatchResponse } from "../../api/batches/responses.ts";

/** The status of a batch; for one that waits or could not start, why. */
export function batchState({ status, waiting, after, error, paused }: BatchResponse): string {
  if (error != null) return `not started: ${error.code}`;
  if (waiting === true && after !== undefined) return `waits for ${after.batch}`;
  return paused === true && status !== "finished" ? "paused" : status;
}
