/** What the file tools share: how a file is read as text, and how its absence is told. */
import { type TSchema, Type } from "@sinclair/typebox";
import { workspaceLimits } from "../../../shared/limits.ts";
import { isWithin } from "../../../shared/paths.ts";
import type { Workspace } from "../../toolbox/workspace.ts";

export const pathInput = Type.String({
  description: "a path in the workspace, such as data/orders.csv",
});
export const closed = { additionalProperties: false } as const;
export const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);

/** A file's text, or a sentence for the model that says why there is none. */
export type TextFile = { ok: true; text: string } | { ok: false; message: string };

/** Reads a file as UTF-8, its byte order mark kept. Other bytes are told, never shown garbled. */
export async function readText(files: Workspace, name: string): Promise<TextFile> {
  const bytes = await files.read(name);
  if (bytes === null) return { ok: false, message: missing(name, files.paths()) };
  const text = textOf(bytes);
  return text === null ? { ok: false, message: notText(name, bytes) } : { ok: true, text };
}

/** The text of bytes that are UTF-8 and hold no NUL; else null. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The lines of a text without their ends; a line break at the end begins no further line. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

export function missing(name: string, paths: readonly string[]): string {
  const below = paths.filter((path) => path.startsWith(`${trimmedFolder(name)}/`));
  if (below.length > 0 && trimmedFolder(name) !== "") {
    return `"${name}" is a folder. It holds: ${shown(below)}`;
  }
  return `There is no file "${name}". The workspace holds: ${paths.length === 0 ? "nothing." : shown(paths)}`;
}

/** A folder as the workspace's paths spell it; empty for the whole workspace. */
export function trimmedFolder(folder: string): string {
  return folder.replace(/^(\.?\/)+|^\.$/g, "").replace(/\/+$/, "");
}

/** The paths that are the file, or below the folder, that a model names; all without a name. */
export function pathsBelow(paths: readonly string[], folder: string | undefined): string[] {
  const top = folder === undefined ? "" : trimmedFolder(folder.normalize("NFC"));
  return paths.filter((path) => top === "" || isWithin(path, top));
}

function shown(paths: readonly string[]): string {
  const { namesShownMax } = workspaceLimits;
  const more = paths.length > namesShownMax;
  return `${paths.slice(0, namesShownMax).join(", ")}${more ? ", …" : "."}`;
}

function notText(name: string, bytes: Uint8Array): string {
  const read = `fs.readFileSync(${JSON.stringify(name)})`;
  return bytes.includes(0)
    ? `"${name}" is a binary file of ${bytes.byteLength} bytes, not text. A program can read its bytes: ${read}.`
    : `"${name}" (${bytes.byteLength} bytes) is not UTF-8 text. A program can decode it: new TextDecoder("windows-1252").decode(${read}).`;
}
