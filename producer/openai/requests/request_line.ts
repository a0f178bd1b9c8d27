/** Reads one line of an uploaded file, `{custom_id, method, url, body}`, into a task. */

import { taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import type { Detail, Problem } from "../../http/problem.ts";
import { quoteValue } from "../../tasks/check/explain.ts";
import type { Endpoint } from "../batches/batch_request.ts";
import { readChatRequest } from "./chat_request.ts";
import { fieldError, type TaskFields } from "./fields.ts";
import { readResponsesRequest } from "./responses_request.ts";

const bodyReaders: Record<Endpoint, (body: Json) => TaskFields> = {
  "/v1/chat/completions": readChatRequest,
  "/v1/responses": readResponsesRequest,
};

/** The task, or everything that is invalid: each detail names a field of the line and has a code. */
export function readRequestLine(endpoint: Endpoint, line: unknown): Result<Json, Problem> {
  if (!isRecord(line)) {
    const message = 'is not a request: use an object {"custom_id", "method", "url", "body"}';
    return invalidLine([{ path: "", message, code: "invalid_json_line" }]);
  }
  const faults: Detail[] = [];
  const { custom_id, method, url, body } = line;
  const report = (path: string, code: string, message: string) =>
    faults.push({ path, message, code });
  for (const name of Object.keys(line)) {
    if (["custom_id", "method", "url", "body"].includes(name)) continue;
    const message = "unsupported field: a line has custom_id, method, url and body";
    report(name, "unsupported_parameter", message);
  }
  const hasId = typeof custom_id === "string" && custom_id.length >= 1;
  if (!hasId || custom_id.length > taskLimits.keyCharsMax) {
    const code = custom_id === undefined ? "missing_required_parameter" : "invalid_custom_id";
    report("custom_id", code, `use a string of 1 to ${taskLimits.keyCharsMax} characters`);
  }
  if (method !== "POST") {
    report("method", "invalid_method", `is ${quoteValue(method)}: use "POST"`);
  }
  if (url !== endpoint) {
    const message = `is ${quoteValue(url)}: use "${endpoint}", the endpoint of the batch`;
    report("url", "mismatched_endpoint", message);
  }
  const task = isRecord(body)
    ? bodyReaders[endpoint](body)
    : fieldError("body", "missing_required_parameter", "is missing: add the request");
  if (!task.ok) faults.push(...task.error);
  if (!task.ok || faults.length > 0) return invalidLine(faults);
  return ok({ ...task.value, custom_id });
}

const invalidLine = (details: Detail[]): Result<never, Problem> =>
  err({ kind: "refused", message: details[0]?.message ?? "", details });

/** Task fields that have another name in a line; longer names first. */
const lineNames: Record<Endpoint, readonly (readonly [taskField: string, lineField: string])[]> = {
  "/v1/chat/completions": [
    ["messages", "body.messages"],
    ["prompt", "body.messages"],
    ["output_schema", "body.response_format.json_schema.schema"],
    ["sampling.output_tokens_max", "body.max_completion_tokens"],
    ["sampling", "body"],
    ["labels", "body.metadata"],
    ["model", "body.model"],
    ["tools", "body.tools"],
    ["custom_id", "custom_id"],
  ],
  "/v1/responses": [
    ["messages", "body.input"],
    ["prompt", "body.input"],
    ["output_schema", "body.text.format.schema"],
    ["sampling.output_tokens_max", "body.max_output_tokens"],
    ["sampling", "body"],
    ["labels", "body.metadata"],
    ["model", "body.model"],
    ["tools", "body.tools"],
    ["custom_id", "custom_id"],
  ],
};

const lineField = /^(body|method|url)(?![A-Za-z0-9_])/;

/**
 * The field of a line that a task field came from, or of the batch's metadata if it is in `settings`. Null
 * for the line as a whole.
 */
export function lineFieldOf(
  endpoint: Endpoint,
  path: string,
  settings: readonly string[] = [],
): string | null {
  if (path === "") return null;
  if (lineField.test(path)) return path;
  for (const [taskField, name] of lineNames[endpoint]) {
    if (
      path === taskField ||
      path.startsWith(`${taskField}.`) ||
      path.startsWith(`${taskField}[`)
    ) {
      // With instructions the messages have other indexes than the input.
      return name === "body.input" ? name : name + path.slice(taskField.length);
    }
  }
  const parent = settings.includes(/^\w*/.exec(path)?.[0] ?? "") ? "metadata" : "body.flotilla";
  return `${parent}.${path}`;
}
