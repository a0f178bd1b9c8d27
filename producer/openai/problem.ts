/** Refusals as OpenAI's clients read them: `{error: {message, type, param, code}}`, under the statuses that they know. */
import { type Problem, problemResponse } from "../http/problem.ts";

/** The status of a refused field differs from the fleet's own API: clients of this shape expect 400. */
const statusOf = (problem: Problem, own: number): number =>
  problem.kind === "refused" ? 400 : own;

export function openAiProblem(problem: Problem): Response {
  const own = problemResponse(problem);
  const [first] = "details" in problem ? (problem.details ?? []) : [];
  const { type, code } = wordsOf(problem);
  const headers = new Headers(own.headers);
  // Clients repeat a conflict by themselves, and it would be one again.
  if (problem.kind === "conflict") headers.set("x-should-retry", "false");
  headers.delete("content-length");
  const error = {
    message: problem.message,
    type,
    param: first === undefined || first.path === "" ? null : first.path,
    code: first?.code ?? code,
  };
  return Response.json({ error }, { status: statusOf(problem, own.status), headers });
}

function wordsOf({ kind }: Problem): { type: string; code: string } {
  switch (kind) {
    case "unauthorized":
      return { type: "authentication_error", code: "invalid_api_key" };
    case "forbidden":
      return { type: "permission_error", code: "insufficient_permissions" };
    case "too_many_requests":
      return { type: "rate_limit_error", code: "rate_limit_exceeded" };
    case "broken":
    case "unavailable":
      return { type: "server_error", code: kind };
    case "refused":
      return { type: "invalid_request_error", code: "invalid_value" };
    case "unreadable":
    case "not_found":
    case "no_result":
    case "method_not_allowed":
    case "conflict":
    case "too_large":
    case "unsupported_media_type":
      return { type: "invalid_request_error", code: kind };
  }
}
