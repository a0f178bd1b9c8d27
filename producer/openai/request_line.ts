/** One line of an uploaded file, `{custom_id, method, url, body}`, as a task, or everything that is wrong with it. */
import { taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { shown } from "../tasks/explain.ts";
import { chatTask } from "./chat_request.ts";
import type { Endpoint } from "./facts.ts";
import { isRecord, type Json, type Said } from "./fields.ts";
import { responsesTask } from "./responses_request.ts";

const taskOf: Record<Endpoint, (body: Json) => Said> = {
  "/v1/chat/completions": chatTask,
  "/v1/responses": responsesTask,
};

/** The faults name fields of the line, and have a code. */
export function lineTask(endpoint: Endpoint, line: unknown): Result<Json, Problem> {
  if (!isRecord(line)) {
    const message = 'write an object {"custom_id", "method", "url", "body"}';
    return refused([{ path: "", message, code: "invalid_json_line" }]);
  }
  const faults: Detail[] = [];
  const { custom_id, method, url, body } = line;
  const say = (path: string, code: string, message: string) => faults.push({ path, message, code });
  for (const name of Object.keys(line)) {
    if (["custom_id", "method", "url", "body"].includes(name)) continue;
    say(name, "unsupported_parameter", "is not taken: a line has custom_id, method, url and body");
  }
  const named = typeof custom_id === "string" && custom_id.length >= 1;
  if (!named || custom_id.length > taskLimits.keyCharsMax) {
    const code = custom_id === undefined ? "missing_required_parameter" : "invalid_custom_id";
    say("custom_id", code, `write a text of 1 to ${taskLimits.keyCharsMax} characters`);
  }
  if (method !== "POST")
    say("method", "invalid_method", `write "POST" instead of ${shown(method)}`);
  if (url !== endpoint) {
    say(
      "url",
      "mismatched_endpoint",
      `write "${endpoint}", as the batch says, instead of ${shown(url)}`,
    );
  }
  const said: Said = isRecord(body)
    ? taskOf[endpoint](body)
    : {
        faults: [
          { path: "body", message: "write the request", code: "missing_required_parameter" },
        ],
      };
  if ("faults" in said) faults.push(...said.faults);
  if ("faults" in said || faults.length > 0) return refused(faults);
  return ok({ ...said.task, custom_id });
}

const refused = (details: Detail[]): Result<never, Problem> =>
  err({ kind: "refused", message: details[0]?.message ?? "", details });

/** The fields of a task that a line says under another name, the longer names first. */
const spelled: Record<Endpoint, readonly (readonly [task: string, line: string])[]> = {
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

const ofLine = /^(body|method|url)(?![A-Za-z0-9_])/;

/** Where the fault of a task stands in its line, or among the `settings` of its batch; null where it is the line itself. */
export function paramOf(
  endpoint: Endpoint,
  path: string,
  settings: readonly string[] = [],
): string | null {
  if (path === "") return null;
  if (ofLine.test(path)) return path;
  for (const [task, line] of spelled[endpoint]) {
    if (path === task || path.startsWith(`${task}.`) || path.startsWith(`${task}[`)) {
      // Instructions stand before the input, so a place among the messages is no place in it.
      return line === "body.input" ? line : line + path.slice(task.length);
    }
  }
  const place = settings.includes(/^\w*/.exec(path)?.[0] ?? "") ? "metadata" : "body.flotilla";
  return `${place}.${path}`;
}
