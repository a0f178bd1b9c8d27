/** Shared by the file tools: reads files as text and describes missing ones. */
import { type TSchema, Type } from "@sinclair/typebox";
import { isWithin } from "../../../shared/files/paths.ts";
import { workspaceLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Workspace } from "../../toolbox/workspace.ts";

export const pathInput = Type.String({
  description: "a path in the workspace, such as data/orders.csv",
});
export const strict = { additionalProperties: false } as const;
export const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);

/** Reads a file as UTF-8 and keeps its byte order mark. Other contents are an error, a sentence for the model. */
export async function readText(files: Workspace, name: string): Promise<Result<string, string>> {
  const bytes = await files.read(name);
  if (bytes === null) return err(missingFileText(name, files.paths()));
  const text = textOf(bytes);
  return text === null ? err(notTextMessage(name, bytes)) : ok(text);
}

/** The text of bytes that are UTF-8 without NUL; else null. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export interface LineRange {
  /** The first of the requested lines, up to `shownMax`, without their line breaks. */
  lines: string[];
  /** All requested lines, joined with `\n`; computed when it is asked for. */
  text: () => string;
  /** The lines of the whole text; a final line break does not start another. */
  total: number;
}

/** The lines `first` to `last`, from 1. Only these are copied: a list of all lines may be larger than the file. */
export function readRange(text: string, first: number, last: number, shownMax: number): LineRange {
  const lines: string[] = [];
  let total = 0;
  let [from, to] = [text.length, text.length];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    total += 1;
    if (total >= first && total <= last) {
      const lineEnd = found > start && text[found - 1] === "\r" ? found - 1 : end;
      if (total === first) from = start;
      to = lineEnd;
      if (lines.length < shownMax) lines.push(text.slice(start, lineEnd));
    }
    start = end + 1;
  }
  return { lines, text: () => withoutReturns(text.slice(from, Math.max(from, to))), total };
}

/** Replaces each `\r\n` with `\n`. On bytes, because a list of all matches may need ten times the text. */
export function withoutReturns(text: string): string {
  if (!text.includes("\r\n")) return text;
  const bytes = new TextEncoder().encode(text);
  let size = 0;
  for (let at = 0; at < bytes.byteLength; at++) {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) continue;
    bytes[size] = bytes[at] ?? 0;
    size += 1;
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, size));
}

export function missingFileText(name: string, paths: readonly string[]): string {
  const below = paths.filter((path) => path.startsWith(`${folderPath(name)}/`));
  if (below.length > 0 && folderPath(name) !== "") {
    return `"${name}" is a folder. Its files: ${formatNames(below)}`;
  }
  return `There is no file "${name}". The workspace contains: ${paths.length === 0 ? "nothing." : formatNames(paths)}`;
}

/** A folder in the form of the workspace's paths; empty for the whole workspace. */
export function folderPath(folder: string): string {
  return folder.replace(/^(\.?\/)+|^\.$/g, "").replace(/\/+$/, "");
}

/** The paths that are the named file or below the named folder; all paths without a name. */
export function pathsBelow(paths: readonly string[], folder: string | undefined): string[] {
  const top = folder === undefined ? "" : folderPath(folder.normalize("NFC"));
  return paths.filter((path) => top === "" || isWithin(path, top));
}

function formatNames(paths: readonly string[]): string {
  const { namesShownMax } = workspaceLimits;
  const hasMore = paths.length > namesShownMax;
  return `${paths.slice(0, namesShownMax).join(", ")}${hasMore ? ", …" : "."}`;
}

function notTextMessage(name: string, bytes: Uint8Array): string {
  const read = `fs.readFileSync(${JSON.stringify(name)})`;
  return bytes.includes(0)
    ? `"${name}" is a binary file of ${bytes.byteLength} bytes, not text. A program can read its bytes: ${read}.`
    : `"${name}" (${bytes.byteLength} bytes) is not UTF-8 text. A program can decode it: new TextDecoder("windows-1252").decode(${read}).`;
}
