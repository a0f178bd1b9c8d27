/** The key under which a submission is one submission, however often it is sent. */
import { taskLimits } from "../../shared/limits.ts";
import { done, type Outcome, refusedAt, stopped } from "../http/problem.ts";

/** From the header `Idempotency-Key` or the field `idempotency_key`; null without either. */
export const idempotencyKey = (
  request: Request,
  field: string | undefined,
): Outcome<string | null> => agreedKey(request.headers.get("idempotency-key"), field);

/** The same where there is no request: `header` is what the transport says, or null. */
export function agreedKey(
  header: string | null,
  field: string | undefined,
): Outcome<string | null> {
  if (header === null) return done(field ?? null);
  if (header.length < 1 || header.length > taskLimits.keyCharsMax) {
    const message = `the header has ${header.length} characters: write 1 to ${taskLimits.keyCharsMax}`;
    return stopped(refusedAt("Idempotency-Key", message));
  }
  if (field !== undefined && field !== header) {
    const message =
      "differs from the header Idempotency-Key: send one of them, or the same in both";
    return stopped(refusedAt("idempotency_key", message));
  }
  return done(header);
}
