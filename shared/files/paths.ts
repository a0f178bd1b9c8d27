/** Paths of the workspace: relative, forward slashes, confined. One rule for the API, the tools and the sandbox. */
import { workspaceLimits } from "../limits.ts";

/** The virtual path of a step's whole output, which is not a file of the workspace. */
const outputs = /^\.outputs\/([1-9]\d{0,6})\.txt$/;

export const outputPath = (seq: number): string => `.outputs/${seq}.txt`;

/** The step whose output a path names; null for any other path. */
export function outputStep(path: string): number | null {
  const seq = outputs.exec(path)?.[1];
  return seq === undefined ? null : Number(seq);
}

/**
 * The normal form of a path, or null when it is invalid. A leading `/` or `./` and repeated slashes are
 * dropped, as models and shells write them for the same file. `..`, NUL and backslashes are rejected rather
 * than resolved, because two readers may resolve them differently, and `__proto__` because it is not safe
 * as an object key. Names are in NFC and hold no characters that reorder or hide text.
 */
export function normalisePath(text: string): string | null {
  if (text.length > workspaceLimits.pathCharsMax || !text.isWellFormed()) return null;
  const composedText = text.normalize("NFC");
  if (composedText.length > workspaceLimits.pathCharsMax || misleading.test(composedText))
    return null;
  const segments = composedText.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.length === 0 || segments.includes("..") || segments.includes("__proto__"))
    return null;
  return segments.join("/");
}

/** Control characters, backslashes, line and paragraph separators, direction marks, zero-width marks. */
const misleading =
  /[\p{Cc}\\\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** Whether a path is the folder itself or below it, at any depth. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);

/** The folders that contain a path, innermost first. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    folders.push(path.slice(0, slash));
  }
  return folders;
}
