/**
 * Why the API rejects a request: what is wrong, then what to do. Internal causes go only to the log. On the
 * wire: {"error": {"code", "message", "details"?}}.
 */
import { type Detail, type ErrorResponse, errorCodes } from "./error_response.ts";

export type { Detail } from "./error_response.ts";

export type Problem =
  | { kind: "unreadable"; message: string; details?: Detail[] }
  /** `presented`: the request carried a credential, and it is invalid. */
  | { kind: "unauthorized"; message: string; presented?: true }
  | { kind: "forbidden"; message: string }
  | { kind: "not_found"; message: string }
  | { kind: "no_result"; message: string }
  | { kind: "method_not_allowed"; message: string; allow: readonly string[] }
  | { kind: "conflict"; message: string }
  | { kind: "too_large"; message: string }
  | { kind: "unsupported_media_type"; message: string }
  | { kind: "refused"; message: string; details: Detail[] }
  | { kind: "too_many_requests"; message: string; retryAfterSeconds: number }
  | { kind: "broken"; message: string }
  | { kind: "unavailable"; message: string };

/** One invalid field. */
export const invalidField = (path: string, message: string): Problem => ({
  kind: "refused",
  message,
  details: [{ path, message }],
});

export const detailsOf = (problem: Problem): Detail[] =>
  "details" in problem ? (problem.details ?? []) : [];

export const notFound = (subject: string): Problem => ({
  kind: "not_found",
  message: `no ${subject} with this id`,
});

export function problemResponse(problem: Problem): Response {
  const details = "details" in problem ? problem.details : undefined;
  const { kind: code, message } = problem;
  const body: ErrorResponse = {
    error: { code, message, ...(details === undefined ? {} : { details }) },
  };
  return Response.json(body, { status: errorCodes[code][0], headers: headersOf(problem) });
}

function headersOf(problem: Problem): Record<string, string> {
  switch (problem.kind) {
    case "unauthorized":
      // RFC 6750: a response has no error code if the request had no credential.
      return {
        "www-authenticate": `Bearer realm="fleet"${problem.presented ? ', error="invalid_token"' : ""}`,
      };
    case "method_not_allowed":
      return { allow: problem.allow.join(", ") };
    case "too_many_requests":
      return { "retry-after": String(problem.retryAfterSeconds) };
    case "unavailable":
      return { "retry-after": "5" };
    case "unreadable":
    case "forbidden":
    case "not_found":
    case "no_result":
    case "conflict":
    case "too_large":
    case "unsupported_media_type":
    case "refused":
    case "broken":
      return {};
  }
}
