/**
 * Everything the API may refuse, as values. A problem says what to do instead; what went wrong
 * inside is for the log alone. On the wire: {"error": {"code", "message", "details"?}}.
 */

import { refusals } from "./refusals.ts";

/** One fault in a body: where, and what to write instead. `line` counts an NDJSON body's lines from 1. */
export interface Detail {
  line?: number;
  path: string;
  message: string;
  /** A word for programs, where the shape of the request has one. */
  code?: string;
}

export type Problem =
  | { kind: "unreadable"; message: string; details?: Detail[] }
  /** `presented`: something was shown, and it does not hold; without it nobody was judged. */
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

/** The refusal of one field. */
export const refusedAt = (path: string, message: string): Problem => ({
  kind: "refused",
  message,
  details: [{ path, message }],
});

export const notFound = (what: string): Problem => ({
  kind: "not_found",
  message: `no ${what} with this id`,
});

export function problemResponse(problem: Problem): Response {
  const details = "details" in problem ? problem.details : undefined;
  return Response.json(
    {
      error: {
        code: problem.kind,
        message: problem.message,
        ...(details === undefined ? {} : { details }),
      },
    },
    { status: refusals[problem.kind][0], headers: headersOf(problem) },
  );
}

function headersOf(problem: Problem): Record<string, string> {
  switch (problem.kind) {
    case "unauthorized":
      // RFC 6750: no error where nothing was presented.
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
