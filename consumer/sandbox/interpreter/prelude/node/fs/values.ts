import { op } from "../../../protocol.ts";
import { ask, bytesOf } from "../../bridge.ts";

export type Options =
  | string
  | { encoding?: string | null; flag?: string; start?: number }
  | null
  | undefined;
export interface Entry {
  kind: "file" | "directory";
  size?: number;
}

const describeReceived = (value: unknown): string =>
  value === null ? "null" : value === undefined ? "undefined" : `type ${typeof value}`;

function invalid(message: string): Error {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

/** The path that a string, a Buffer or a file URL names. */
export function nameOf(path: unknown): string {
  if (typeof path === "string") {
    if (!path.includes("\0")) return path;
    const message = `The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received '${path.replaceAll("\0", "\\x00")}'`;
    throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_VALUE" });
  }
  if (path instanceof URL) return decodeURIComponent(path.pathname);
  if (ArrayBuffer.isView(path)) return Buffer.from(bytesOf(path)).toString();
  throw invalid(
    `The "path" argument must be of type string or an instance of Buffer or URL. Received ${describeReceived(path)}`,
  );
}

export function encodingOf(options: Options): string | null {
  const encoding = (typeof options === "string" ? options : options?.encoding) ?? null;
  if (encoding === null || encoding === "buffer" || Buffer.isEncoding(encoding)) return encoding;
  const message = `The argument 'encoding' is invalid encoding. Received '${encoding}'`;
  throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_VALUE" });
}

/** The bytes of data that a program wants to write. */
export function contentOf(data: unknown, options: Options): Uint8Array {
  if (typeof data === "string")
    return Buffer.from(data, (encodingOf(options) ?? "utf8") as BufferEncoding);
  if (ArrayBuffer.isView(data)) return bytesOf(data);
  throw invalid(
    `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${describeReceived(data)}`,
  );
}

export function entryOf(path: unknown): Entry | null {
  return ask(op.files, ["entry", nameOf(path)]) as Entry | null;
}

const errorCodes: Record<string, [errno: number, text: string]> = {
  ENOENT: [-2, "no such file or directory"],
  EEXIST: [-17, "file already exists"],
  ENOTDIR: [-20, "not a directory"],
  EISDIR: [-21, "illegal operation on a directory"],
  EBADF: [-9, "bad file descriptor"],
  EINVAL: [-22, "invalid argument"],
};

/** An error as libuv words it. */
export function fileError(code: string, syscall: string, path?: unknown, dest?: unknown): Error {
  const [errno, text] = errorCodes[code] ?? [-1, code];
  const name = path === undefined ? undefined : nameOf(path);
  const to = dest === undefined ? "" : ` -> '${nameOf(dest)}'`;
  const message = `${code}: ${text}, ${syscall}${name === undefined ? "" : ` '${name}'`}${to}`;
  const fields = { errno, code, syscall, ...(name === undefined ? {} : { path: name }) };
  return Object.assign(
    new Error(message),
    fields,
    dest === undefined ? {} : { dest: nameOf(dest) },
  );
}
