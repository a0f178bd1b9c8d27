/** The key under which a submission is one submission, however often it is sent. */
import { taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { type Problem, refusedAt } from "../http/problem.ts";

/** From the header `Idempotency-Key` or the field `idempotency_key`; null without either. */
export const idempotencyKey = (
  request: Request,
  field: string | undefined,
): Result<string | null, Problem> => agreedKey(request.headers.get("idempotency-key"), field);

/** The same where there is no request: `header` is what the transport says, or null. */
export function agreedKey(
  header: string | null,
  field: string | undefined,
): Result<string | null, Problem> {
  if (header === null) return ok(field ?? null);
  if (header.length < 1 || header.length > taskLimits.keyCharsMax) {
    const message = `the header has ${header.length} characters: write 1 to ${taskLimits.keyCharsMax}`;
    return err(refusedAt("Idempotency-Key", message));
  }
  if (field !== undefined && field !== header) {
    const message =
      "differs from the header Idempotency-Key: send one of them, or the same in both";
    return err(refusedAt("idempotency_key", message));
  }
  return ok(header);
}
