/** The idempotency key: submissions with the same key are one submission. */
import { taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { invalidField, type Problem } from "../http/problem.ts";

/** Reads the header `Idempotency-Key` or the field `idempotency_key`; null without either. */
export const readIdempotencyKey = (
  request: Request,
  field: string | undefined,
): Result<string | null, Problem> => resolveKey(request.headers.get("idempotency-key"), field);

/** The same without a request: `header` is the transport's key, or null. */
export function resolveKey(
  header: string | null,
  field: string | undefined,
): Result<string | null, Problem> {
  if (header === null) return ok(field ?? null);
  if (header.length < 1 || header.length > taskLimits.keyCharsMax) {
    const message = `the header has ${header.length} characters: write 1 to ${taskLimits.keyCharsMax}`;
    return err(invalidField("Idempotency-Key", message));
  }
  if (field !== undefined && field !== header) {
    const message =
      "differs from the header Idempotency-Key: send one of them, or the same in both";
    return err(invalidField("idempotency_key", message));
  }
  return ok(header);
}
