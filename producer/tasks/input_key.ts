/** Keys of uploaded inputs. They become part of an R2 key, below the tenant's own prefix. */
import { storeLimits } from "../../shared/limits.ts";

/** Why a key is none of ours, in words that say what to write; null when it is good. */
export function inputKeyFault(key: string): string | null {
  const segments = key.split("/");
  const good =
    key.length <= storeLimits.inputKeyCharsMax &&
    segments.every((part) => /^[A-Za-z0-9._@=+-]+$/.test(part) && part !== "." && part !== "..");
  return good
    ? null
    : `a key has up to ${storeLimits.inputKeyCharsMax} letters, digits and . _ @ = + - in segments parted by single slashes, without "..": such as "orders/2026-11.csv"`;
}
