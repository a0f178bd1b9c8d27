/** A batch in OpenAI's format. Pure. */
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import type { Tally } from "../../../shared/store/batches/tallies.ts";
import type { OutputFile } from "../../../shared/store/openai/files.ts";
import type { Detail } from "../../http/problem.ts";
import { toSeconds } from "../list_page.ts";
import { tokenUsage } from "../results/result_body.ts";
import type { OpenAiBatchRequest } from "./batch_request.ts";
import type { OpenAiBatch, OpenAiStatus } from "./responses.ts";

/** `files` are the output files, empty until the cron has written them. */
export function statusOf(
  row: Pick<BatchRow, "status" | "problem" | "cancel_requested_at">,
  { counts }: Pick<Tally, "counts">,
  files: readonly OutputFile[],
): OpenAiStatus {
  if (row.status === "finished" && row.problem !== null) return "failed";
  if (row.status !== "finished") {
    return row.cancel_requested_at === null ? "in_progress" : "cancelling";
  }
  if (files.length === 0) return "finalizing";
  if (row.cancel_requested_at !== null) return "cancelled";
  return counts.expired > 0 ? "expired" : "completed";
}

export function batchObject(
  row: BatchRow,
  request: OpenAiBatchRequest,
  tally: Tally,
  files: readonly OutputFile[],
): OpenAiBatch {
  const status = statusOf(row, tally, files);
  const timeIf = (condition: boolean, ms: number | null): number | null =>
    condition && ms !== null ? toSeconds(ms) : null;
  const finishedAs = (final: OpenAiStatus) => timeIf(status === final, row.finished_at);
  const fileId = (holds: OutputFile["holds"]) =>
    files.find((file) => file.holds === holds)?.id ?? null;
  const { counts } = tally;
  return {
    id: row.id,
    object: "batch",
    endpoint: request.endpoint,
    errors: row.problem === null ? null : errorsOf(row.problem),
    input_file_id: request.input_file_id,
    completion_window: request.completion_window,
    status,
    output_file_id: fileId("output"),
    error_file_id: fileId("errors"),
    created_at: toSeconds(row.created_at),
    in_progress_at: timeIf(status !== "failed", row.created_at),
    expires_at: toSeconds(request.expires_at),
    finalizing_at: timeIf(row.status === "finished" && status !== "failed", row.finished_at),
    completed_at: finishedAs("completed"),
    failed_at: finishedAs("failed"),
    expired_at: finishedAs("expired"),
    cancelling_at: timeIf(true, row.cancel_requested_at),
    cancelled_at: finishedAs("cancelled"),
    request_counts: {
      total: counts.total,
      completed: counts.succeeded,
      failed: counts.failed + counts.dead + counts.cancelled + counts.expired,
    },
    usage: tokenUsage(tally.usage),
    metadata: request.metadata,
  };
}

function errorsOf(problem: string): OpenAiBatch["errors"] {
  const { details = [] } = JSON.parse(problem) as { details?: Detail[] };
  return {
    object: "list",
    data: details.map(({ line, path, message, code }) => ({
      code: code ?? "invalid_value",
      line: line ?? null,
      message,
      param: path === "" ? null : path,
    })),
  };
}
