/** Paths of the workspace: relative, forward slashes, confined. One rule for the API, the tools and the sandbox. */
import { workspaceLimits } from "./limits.ts";

/**
 * The one spelling of a path, or null when it is none of ours. A leading `/` or `./` and doubled
 * slashes are what models and shells write for the same file; `..`, NUL and backslashes are refused
 * rather than resolved, because two readers may resolve them differently; so is `__proto__`, which is no
 * key of an object.
 */
export function normalisePath(text: string): string | null {
  if (text.length > workspaceLimits.pathCharsMax || !text.isWellFormed()) return null;
  if (/[\p{Cc}\\]/u.test(text)) return null;
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.length === 0 || segments.includes("..") || segments.includes("__proto__"))
    return null;
  return segments.join("/");
}
