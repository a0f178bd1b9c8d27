/** Why a batch, or tasks of it, did not succeed. */
import { commandLineLimits } from "../../../shared/limits.ts";
import type { BatchResponse } from "../../api/batches/responses.ts";
import type { FleetClient } from "../../client/index.ts";
import { errorText } from "./error_text.ts";
import { countText } from "./format.ts";
import { printableLine } from "./printable.ts";

/** Why a batch could not start, with every faulty line. */
export const batchErrorText = (error: NonNullable<BatchResponse["error"]>): string =>
  errorText(printableLine(`${error.code}: ${error.message}`, 500), error.details ?? []);

/**
 * One line for each of the largest groups of tasks that failed, with the newest task as example. Empty if
 * the call fails: the counts of the batch are already printed.
 */
export async function failureLines(
  client: FleetClient,
  { id, counts }: BatchResponse,
): Promise<string[]> {
  if (counts.failed + counts.dead === 0) return [];
  const result = await client("GET /v1/batches/:id/failures", { id });
  if (!result.ok) return [];
  // Cancelled and expired tasks need no explanation.
  const groups = result.value.failures.filter(
    ({ status }) => status === "failed" || status === "dead",
  );
  const shownGroups = groups.slice(0, commandLineLimits.failureGroupsShown);
  const rest = groups.length - shownGroups.length;
  const lines = shownGroups.map(({ status, reason, message, tasks, example }) => {
    const cause = printableLine(`${reason ?? ""}: ${message ?? ""}`, 300);
    return `${countText(tasks, "task")} ${status}, ${cause} (fleet steps ${example})`;
  });
  return rest === 0 ? lines : [...lines, `and ${countText(rest, "other cause")}`];
}
