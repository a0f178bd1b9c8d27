/** Refusals as OpenAI's clients read them: `{error: {message, type, param, code}}`, under the statuses that they know. */
import { type Detail, type Problem, problemResponse } from "../http/problem.ts";
import { type OpenAiRefusal, openAiRefusals } from "./refusal.ts";

export function openAiProblem(problem: Problem): Response {
  const own = problemResponse(problem);
  const details = "details" in problem ? (problem.details ?? []) : [];
  const [first] = details;
  const [status, type, code] = openAiRefusals[problem.kind];
  const headers = new Headers(own.headers);
  // Clients repeat a conflict by themselves, and it would be one again.
  if (problem.kind === "conflict") headers.set("x-should-retry", "false");
  headers.delete("content-length");
  const refusal: OpenAiRefusal = {
    error: {
      message: messageOf(problem, details),
      type,
      param: first === undefined || first.path === "" ? null : first.path,
      code: first?.code ?? code,
    },
  };
  return Response.json(refusal, { status, headers });
}

/** This shape has room for one field: the first that is wrong. */
function messageOf({ message }: Problem, details: readonly Detail[]): string {
  const [first] = details;
  if (first === undefined || first.path === "") return message;
  const more = details.length > 1 ? `, and ${details.length - 1} more` : "";
  return `${first.path}: ${first.message}${more}`;
}
