import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { commandLineLimits } from "../../shared/limits.ts";
import { findLossyNumber } from "../../shared/text/json_numbers.ts";
import type { CliContext } from "./context.ts";
import { usageError } from "./exit.ts";

/** The text of a file, or of standard input for "-". UTF-8 only; a byte order mark is dropped, or kept. */
export async function readText(
  name: string,
  { stdin }: CliContext,
  { ignoreBOM = false } = {},
): Promise<string> {
  const bytes = name === "-" ? await readStdin(stdin) : await readBytes(name);
  if (bytes.byteLength > commandLineLimits.inputBytesMax) throw tooLarge(name);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM }).decode(bytes);
  } catch {
    throw usageError(`${displayName(name)} is not UTF-8 text: save it as UTF-8`);
  }
}

export const displayName = (name: string): string => (name === "-" ? "standard input" : name);

const tooLarge = (name: string) =>
  usageError(
    `${displayName(name)} is larger than ${commandLineLimits.inputBytesMax / 1e6} MB: split it`,
  );

/** The bytes of a file; a file that cannot be read is a usage error. */
export async function readBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw usageError(`cannot read ${name}: ${readFailure(code, name)}`);
  }
}

/** Why a file cannot be read, and what to do. */
function readFailure(code: string, name: string): string {
  switch (code) {
    case "ENOENT":
      return `there is no such file${path.isAbsolute(name) ? "" : ` in ${process.cwd()}`}`;
    case "EISDIR":
      return "it is a folder: name a file in it";
    case "EACCES":
    case "EPERM":
      return "permission denied: change its permissions, or name another file";
    default:
      return code;
  }
}

export async function readJson(name: string, context: CliContext): Promise<unknown> {
  return parseJson(await readText(name, context), name);
}

/** `name` is the name of the input in the error. */
export function parseJson(text: string, name: string): unknown {
  try {
    const lossy = findLossyNumber(text);
    if (lossy === null) return JSON.parse(text);
    throw usageError(
      `${displayName(name)}: the number ${lossy.source} at ${lossy.path} would lose digits: write it as a string`,
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw usageError(
      `${displayName(name)} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`,
    );
  }
}

async function readStdin(stdin: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > commandLineLimits.inputBytesMax) throw tooLarge("-");
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}
