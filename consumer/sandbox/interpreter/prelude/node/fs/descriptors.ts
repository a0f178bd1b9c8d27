import { op } from "../../../protocol.ts";
import { ask, askBytes, bytesOf } from "../../bridge.ts";
import { contentOf, encodingOf, entryOf, fileError, nameOf, type Options } from "./values.ts";

/** An open file: its flags and the position of the next read or write. */
interface Open {
  path: string;
  canRead: boolean;
  canWrite: boolean;
  appends: boolean;
  position: number;
}

const openFiles = new Map<number, Open>();
let lastDescriptor = 2;

/** What a flag permits and does first, with fopen's rules. */
export function flagOf(flag: unknown): { name: string; isNew: boolean; truncates: boolean } {
  const name =
    typeof flag === "string"
      ? flag.replace(/s/g, "")
      : flag === undefined || flag === null
        ? "r"
        : "r+";
  if (!/^(r|w|a|w?x|ax|xa|wx|xw)\+?$/.test(name.replace("+", "")))
    throw Object.assign(
      new TypeError(`The argument 'flags' is invalid. Received '${String(flag)}'`),
      { code: "ERR_INVALID_ARG_VALUE" },
    );
  return { name, isNew: name.includes("x"), truncates: name.includes("w") };
}

/** Checks a file before it is written, and creates it if the flag says so. */
export function prepareWrite(path: unknown, flag: unknown): void {
  const { name, isNew, truncates } = flagOf(flag);
  const entry = entryOf(path);
  if (entry?.kind === "directory") throw fileError("EISDIR", "open", path);
  if (entry !== null && isNew) throw fileError("EEXIST", "open", path);
  if (entry === null && name.startsWith("r")) throw fileError("ENOENT", "open", path);
  if (entry === null) requireParent(path);
  if (entry === null || truncates) ask(op.files, ["write", nameOf(path)], new Uint8Array(0));
}

/** A file can be created only in an existing directory; /tmp exists. */
export function requireParent(path: unknown, syscall = "open", dest?: unknown): void {
  const name = nameOf(dest ?? path);
  const slash = name.replace(/\/+$/, "").lastIndexOf("/");
  const parent = slash < 0 ? "" : name.slice(0, slash);
  if (parent === "" || /^\/?tmp$/.test(parent) || !/[^./]/.test(parent)) return;
  const kind = entryOf(parent)?.kind;
  if (kind === "directory") return;
  throw fileError(kind === "file" ? "ENOTDIR" : "ENOENT", syscall, path, dest);
}

export function openFile(path: unknown, flag: unknown = "r"): number {
  const { name } = flagOf(flag);
  if (name === "r") {
    if (entryOf(path) === null) throw fileError("ENOENT", "open", path);
  } else prepareWrite(path, flag);
  lastDescriptor += 1;
  openFiles.set(lastDescriptor, {
    path: nameOf(path),
    canRead: name.startsWith("r") || name.includes("+"),
    canWrite: name !== "r",
    appends: name.includes("a"),
    position: 0,
  });
  return lastDescriptor;
}

function requireOpen(descriptor: unknown, syscall: string): Open {
  if (typeof descriptor !== "number") {
    const message = `The "fd" argument must be of type number. Received ${descriptor === undefined ? "undefined" : typeof descriptor}`;
    throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
  }
  const file = openFiles.get(descriptor);
  if (file === undefined) throw fileError("EBADF", syscall);
  return file;
}

export function closeFile(descriptor: unknown): void {
  requireOpen(descriptor, "close");
  openFiles.delete(descriptor as number);
}

/** The path of an open file, or the path itself. */
export function pathOf(file: unknown): unknown {
  return typeof file === "number" ? requireOpen(file, "fstat").path : file;
}

/** Reads into a buffer. A `position` of null continues where the last read ended. */
export function readFile(
  descriptor: unknown,
  target: ArrayBufferView,
  offset = 0,
  length = target.byteLength - offset,
  position: number | null = null,
): number {
  const file = requireOpen(descriptor, "read");
  if (!file.canRead) throw fileError("EBADF", "read");
  const start = typeof position === "number" ? position : file.position;
  const bytes = askBytes(op.files, [
    "read_part",
    file.path,
    start,
    Math.min(length, target.byteLength - offset),
  ]);
  bytesOf(target).set(bytes, offset);
  if (typeof position !== "number") file.position += bytes.length;
  return bytes.length;
}

export function writeFile(descriptor: unknown, data: unknown, ...rest: unknown[]): number {
  const file = requireOpen(descriptor, "write");
  if (!file.canWrite) throw fileError("EBADF", "write");
  let bytes: Uint8Array;
  let position: unknown;
  if (typeof data === "string") {
    position = rest[0];
    bytes = contentOf(data, encodingOf((rest[1] ?? "utf8") as Options));
  } else {
    const options = (
      typeof rest[0] === "object" && rest[0] !== null
        ? rest[0]
        : { offset: rest[0], length: rest[1], position: rest[2] }
    ) as Record<string, number>;
    const content = bytesOf(data);
    const offset = options.offset ?? 0;
    bytes = content.subarray(offset, offset + (options.length ?? content.length));
    position = options.position;
  }
  if (file.appends) ask(op.files, ["append", file.path], bytes);
  else {
    const at = typeof position === "number" ? position : file.position;
    ask(op.files, ["write_part", file.path, at], bytes);
    if (typeof position !== "number") file.position += bytes.length;
  }
  return bytes.length;
}
