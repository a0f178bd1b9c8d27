/** Paths of the workspace: relative, forward slashes, confined. One rule for the API, the tools and the sandbox. */
import { workspaceLimits } from "./limits.ts";

/** Where the whole output of a step is read: a place of its own, which no workspace holds. */
const outputs = /^\.outputs\/([1-9]\d{0,6})\.txt$/;

export const outputPath = (seq: number): string => `.outputs/${seq}.txt`;

/** The step whose output a path names, or null when it names none. */
export function outputStep(path: string): number | null {
  const seq = outputs.exec(path)?.[1];
  return seq === undefined ? null : Number(seq);
}

/**
 * The one spelling of a path, or null when it is none of ours. A leading `/` or `./` and doubled
 * slashes are what models and shells write for the same file; `..`, NUL and backslashes are refused
 * rather than resolved, because two readers may resolve them differently; so is `__proto__`, which is no
 * key of an object. One name has one encoding (NFC), and no character that turns or hides the text around
 * it, so that what a person reads is what is meant.
 */
export function normalisePath(text: string): string | null {
  if (text.length > workspaceLimits.pathCharsMax || !text.isWellFormed()) return null;
  const composed = text.normalize("NFC");
  if (composed.length > workspaceLimits.pathCharsMax || misleading.test(composed)) return null;
  const segments = composed.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.length === 0 || segments.includes("..") || segments.includes("__proto__"))
    return null;
  return segments.join("/");
}

/** Controls, backslashes, line and paragraph separators, marks of direction, and marks without width. */
const misleading =
  /[\p{Cc}\\\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** Whether a path is the folder itself or lies in it, however deep. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);

/** The folders that a path stands in, the nearest first. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    folders.push(path.slice(0, slash));
  }
  return folders;
}
