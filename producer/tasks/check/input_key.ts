/** Keys of uploaded inputs. They become part of an R2 key, below the tenant's own prefix. */
import { storeLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

/** The key, or why it is invalid and what to write. */
export function checkInputKey(key: string): Result<string, string> {
  const isValid =
    key.length <= storeLimits.inputKeyCharsMax &&
    key
      .split("/")
      .every((part) => /^[A-Za-z0-9._@=+-]+$/.test(part) && part !== "." && part !== "..");
  if (isValid) return ok(key);
  return err(
    `invalid key: write up to ${storeLimits.inputKeyCharsMax} letters, digits and . _ @ = + - in segments with single slashes between them, without "..", such as "orders/2026-11.csv"`,
  );
}
