/** Why a batch, or tasks of it, did not succeed, as people read it. */
import { commandLineLimits } from "../../../shared/limits.ts";
import type { BatchAnswer } from "../../api/batches/responses.ts";
import { refusalText } from "../refusal.ts";
import type { Session } from "../session.ts";
import { counted } from "./format.ts";
import { oneLine } from "./printable.ts";

/** What kept a batch from running, each faulty line included. */
export const batchErrorText = (error: NonNullable<BatchAnswer["error"]>): string =>
  refusalText(oneLine(`${error.code}: ${error.message}`, 500), error.details ?? []);

/**
 * A line for each of the largest groups of tasks that did not succeed, with the newest task of it. None
 * where the fleet does not say: what the batch came to has been told already.
 */
export async function failureLines(
  client: ReturnType<Session["client"]>,
  { id, counts }: BatchAnswer,
): Promise<string[]> {
  if (counts.failed + counts.dead === 0) return [];
  const called = await client("GET /v1/batches/:id/failures", { id });
  if (!called.ok) return [];
  // Who cancels a batch, or lets it expire, knows why.
  const groups = called.value.failures.filter(
    ({ status }) => status === "failed" || status === "dead",
  );
  const shown = groups.slice(0, commandLineLimits.failureGroupsShown);
  const rest = groups.length - shown.length;
  const lines = shown.map(({ status, reason, message, tasks, example }) => {
    const why = oneLine(`${reason ?? ""}: ${message ?? ""}`, 300);
    return `${counted(tasks, "task")} ${status}, ${why} (fleet steps ${example})`;
  });
  return rest === 0 ? lines : [...lines, `and ${counted(rest, "further cause")}`];
}
