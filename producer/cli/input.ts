import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { commandLineLimits } from "../../shared/limits.ts";
import { wrongUsage } from "./exit.ts";
import type { CliContext } from "./surroundings.ts";

/** The text of a file, or of standard input for "-". UTF-8 only. */
export async function inputText(name: string, { stdin }: CliContext): Promise<string> {
  const bytes = name === "-" ? await drained(stdin) : await fileBytes(name);
  if (bytes.byteLength > commandLineLimits.inputBytesMax) {
    throw wrongUsage(
      `${calledOf(name)} is larger than ${commandLineLimits.inputBytesMax / 1e6} MB: split it`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw wrongUsage(`${calledOf(name)} is not UTF-8 text: save it as UTF-8`);
  }
}

/** What people call "-". */
export const calledOf = (name: string): string => (name === "-" ? "standard input" : name);

/** A file's bytes; a file that cannot be read is wrong usage, with the reason. */
export async function fileBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw wrongUsage(`cannot read ${name}: ${unread(code, name)}`);
  }
}

/** Why a file cannot be read, and what to write instead. */
function unread(code: string, name: string): string {
  switch (code) {
    case "ENOENT":
      return `there is no such file${path.isAbsolute(name) ? "" : ` in ${process.cwd()}`}`;
    case "EISDIR":
      return "it is a folder: name a file in it";
    case "EACCES":
    case "EPERM":
      return "you may not read it: change its permissions, or name another";
    default:
      return code;
  }
}

/** A JSON value from a file, or the end of the command naming the file. */
export async function jsonFile(name: string, surroundings: CliContext): Promise<unknown> {
  return parsedJson(await inputText(name, surroundings), name);
}

export function parsedJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrongUsage(
      `${calledOf(name)} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`,
    );
  }
}

async function drained(stdin: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > commandLineLimits.inputBytesMax) {
      throw wrongUsage(
        `standard input is larger than ${commandLineLimits.inputBytesMax / 1e6} MB: split it`,
      );
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}
