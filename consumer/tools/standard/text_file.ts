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

/** The lines of a text without their line breaks; a final line break does not start another line. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
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
