/** The invalid lines of a file, from the problem of its batch. Pure. */
import { type Detail, detailsOf, type Problem } from "../../http/problem.ts";
import { lineFieldOf } from "../requests/request_line.ts";
import type { OpenAiBatchRequest } from "./batch_request.ts";

/** Names the fields as the file does. Null if the problem is not in the file. */
export function findLineErrors(problem: Problem, request: OpenAiBatchRequest): Detail[] | null {
  switch (problem.kind) {
    case "refused":
    case "unreadable":
      return detailsOf(problem).map((detail) => lineError(detail, request));
    case "too_large":
      return [{ path: "", message: problem.message, code: problem.kind }];
    default:
      return null;
  }
}

function lineError({ line, path, message, code }: Detail, request: OpenAiBatchRequest): Detail {
  if (line === undefined) return { path: "", message, code: "empty_file" };
  const settings = Object.keys(request.metadata ?? {});
  return {
    line,
    path: lineFieldOf(request.endpoint, path, settings) ?? "",
    message,
    code: code ?? defaultCode(path),
  };
}

/** An id that is valid in its line can only be invalid because another line has it too. */
function defaultCode(path: string): string {
  if (path === "") return "invalid_json_line";
  return path === "custom_id" ? "duplicate_custom_id" : "invalid_value";
}
