/** One line of an output or error file. Pure. */

import { readUsage } from "../../../shared/spend/usage.ts";
import type { OutputRow } from "../../../shared/store/openai/output_rows.ts";
import { errorView } from "../../tasks/task_view.ts";
import type { Endpoint } from "../batches/batch_request.ts";
import { outputText, resultBody } from "./result_body.ts";

/** Which file a task's line belongs to. */
export const outputFileOf = ({ status }: Pick<OutputRow, "status">): "output" | "errors" =>
  status === "succeeded" ? "output" : "errors";

/** `request_id` is the task's id. */
export function resultLine(
  endpoint: Endpoint,
  row: OutputRow,
  output: unknown,
  isStructured: boolean,
): Record<string, unknown> {
  const idSuffix = row.id.slice("task_".length);
  const line = { id: `batch_req_${idSuffix}`, custom_id: row.custom_id };
  if (outputFileOf(row) === "errors") return { ...line, response: null, error: errorOf(row) };
  const body = resultBody(endpoint, {
    idSuffix,
    model: row.model,
    at: row.finished_at ?? row.created_at,
    text: outputText(output, isStructured),
    labels: JSON.parse(row.labels) as Record<string, string>,
    usage: readUsage(row.usage),
  });
  return { ...line, response: { status_code: 200, request_id: row.id, body }, error: null };
}

function errorOf(row: OutputRow): { code: string; message: string } {
  switch (row.status) {
    case "expired":
      return {
        code: "batch_expired",
        message: "The completion window ended before this request was done.",
      };
    case "cancelled":
      return {
        code: "batch_cancelled",
        message: "The batch was cancelled before this request was done.",
      };
    default: {
      const error = errorView(row.error);
      return {
        code: error?.code ?? row.reason ?? row.status,
        message: `${error?.message ?? "The task ended without a result."} (${row.id})`,
      };
    }
  }
}
