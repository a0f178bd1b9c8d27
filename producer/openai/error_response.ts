/** Errors of the OpenAI-compatible API: `{error: {message, type, param, code}}` and OpenAI's status codes. */
import { type Static, Type } from "@sinclair/typebox";
import type { ErrorCode } from "../http/error_response.ts";
import { type Detail, detailsOf, type Problem, problemResponse } from "../http/problem.ts";
import { oneOf, orNull } from "../http/values.ts";

const types = [
  "invalid_request_error",
  "authentication_error",
  "permission_error",
  "rate_limit_error",
  "server_error",
] as const;

export const OpenAiErrorResponse = Type.Object(
  {
    error: Type.Object({
      message: Type.String({ description: "what is wrong, then what to do" }),
      type: oneOf(types),
      param: orNull(Type.String({ description: "the invalid field" })),
      code: Type.String({ description: "for programs" }),
    }),
  },
  { $id: "OpenAiError" },
);
export type OpenAiErrorResponse = Static<typeof OpenAiErrorResponse>;

/** Every code of the fleet in OpenAI's terms. The detail of a field may have a more precise `code`. */
export const openAiErrorCodes = {
  unreadable: [400, "invalid_request_error", "unreadable"],
  unauthorized: [401, "authentication_error", "invalid_api_key"],
  forbidden: [403, "permission_error", "insufficient_permissions"],
  not_found: [404, "invalid_request_error", "not_found"],
  no_result: [404, "invalid_request_error", "no_result"],
  method_not_allowed: [405, "invalid_request_error", "method_not_allowed"],
  conflict: [409, "invalid_request_error", "conflict"],
  too_large: [413, "invalid_request_error", "too_large"],
  unsupported_media_type: [415, "invalid_request_error", "unsupported_media_type"],
  // OpenAI's clients expect 400 for an invalid field.
  refused: [400, "invalid_request_error", "invalid_value"],
  too_many_requests: [429, "rate_limit_error", "rate_limit_exceeded"],
  broken: [500, "server_error", "broken"],
  unavailable: [503, "server_error", "unavailable"],
} as const satisfies Record<
  ErrorCode,
  readonly [status: number, type: (typeof types)[number], code: string]
>;

export function openAiProblemResponse(problem: Problem): Response {
  const details = detailsOf(problem);
  const [first] = details;
  const [status, type, code] = openAiErrorCodes[problem.kind];
  const headers = new Headers(problemResponse(problem).headers);
  // OpenAI's clients retry a conflict by default, which cannot succeed here.
  if (problem.kind === "conflict") headers.set("x-should-retry", "false");
  headers.delete("content-length");
  const body: OpenAiErrorResponse = {
    error: {
      message: messageOf(problem, details),
      type,
      param: first === undefined || first.path === "" ? null : first.path,
      code: first?.code ?? code,
    },
  };
  return Response.json(body, { status, headers });
}

/** OpenAI's format has room for one field: the first invalid one. */
function messageOf({ message }: Problem, details: readonly Detail[]): string {
  const [first] = details;
  if (first === undefined || first.path === "") return message;
  const suffix = details.length > 1 ? `, and ${details.length - 1} more` : "";
  return `${first.path}: ${first.message}${suffix}`;
}
