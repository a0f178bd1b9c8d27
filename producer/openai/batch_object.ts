/** A batch as OpenAI's clients read it. Pure. */
import type { BatchRow } from "../../shared/store/batches.ts";
import type { OutputFile } from "../../shared/store/files.ts";
import type { Tally } from "../../shared/store/tallies.ts";
import type { Detail } from "../http/problem.ts";
import { seconds, tokensOf } from "./answer_body.ts";
import type { OpenAiBatch, OpenAiStatus } from "./answers.ts";
import type { OpenAiFacts } from "./facts.ts";

/** `files` are those of the batch's end, none while they are not written. A batch is valid before it has a row. */
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
  facts: OpenAiFacts,
  tally: Tally,
  files: readonly OutputFile[],
): OpenAiBatch {
  const status = statusOf(row, tally, files);
  const at = (time: number | null, when: boolean): number | null =>
    when && time !== null ? seconds(time) : null;
  const ended = (which: OpenAiStatus) => at(row.finished_at, status === which);
  const fileOf = (holds: OutputFile["holds"]) =>
    files.find((file) => file.holds === holds)?.id ?? null;
  const { counts } = tally;
  return {
    id: row.id,
    object: "batch",
    endpoint: facts.endpoint,
    errors: row.problem === null ? null : errorsOf(row.problem),
    input_file_id: facts.input_file_id,
    completion_window: facts.completion_window,
    status,
    output_file_id: fileOf("output"),
    error_file_id: fileOf("errors"),
    created_at: seconds(row.created_at),
    in_progress_at: at(row.created_at, status !== "failed"),
    expires_at: seconds(facts.expires_at),
    finalizing_at: at(row.finished_at, row.status === "finished" && status !== "failed"),
    completed_at: ended("completed"),
    failed_at: ended("failed"),
    expired_at: ended("expired"),
    cancelling_at: at(row.cancel_requested_at, true),
    cancelled_at: ended("cancelled"),
    request_counts: {
      total: counts.total,
      completed: counts.succeeded,
      failed: counts.failed + counts.dead + counts.cancelled + counts.expired,
    },
    usage: tokensOf(tally.usage),
    metadata: facts.metadata,
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
