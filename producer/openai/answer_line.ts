/** One line of an output or error file. Pure. */
import type { AnswerRow } from "../../shared/store/answers.ts";
import { readUsage } from "../../shared/usage.ts";
import { errorView } from "../tasks/view.ts";
import { answerBody, textOf } from "./answer_body.ts";
import type { Endpoint } from "./facts.ts";

/** Where a task's line belongs: only what succeeded is an output. */
export const fileOf = ({ status }: Pick<AnswerRow, "status">): "output" | "errors" =>
  status === "succeeded" ? "output" : "errors";

/** `request_id` is the task's id, by which its steps can be read. */
export function answerLine(
  endpoint: Endpoint,
  row: AnswerRow,
  output: unknown,
  structured: boolean,
): Record<string, unknown> {
  const stem = row.id.slice("task_".length);
  const line = { id: `batch_req_${stem}`, custom_id: row.custom_id };
  if (fileOf(row) === "errors") return { ...line, response: null, error: errorOf(row) };
  const body = answerBody(endpoint, {
    stem,
    model: row.model,
    at: row.finished_at ?? row.created_at,
    text: textOf(output, structured),
    labels: JSON.parse(row.labels) as Record<string, string>,
    usage: readUsage(row.usage),
  });
  return { ...line, response: { status_code: 200, request_id: row.id, body }, error: null };
}

function errorOf(row: AnswerRow): { code: string; message: string } {
  switch (row.status) {
    case "expired":
      return {
        code: "batch_expired",
        message: "This request was not done before the completion window ended.",
      };
    case "cancelled":
      return {
        code: "batch_cancelled",
        message: "This request was not done before the batch was cancelled.",
      };
    default: {
      const error = errorView(row.error);
      return {
        code: error?.code ?? row.reason ?? row.status,
        message: `${error?.message ?? "The task ended without an answer."} (${row.id})`,
      };
    }
  }
}
