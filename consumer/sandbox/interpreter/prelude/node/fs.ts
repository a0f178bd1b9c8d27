import { op } from "../../protocol.ts";
import { ask, askBytes } from "../bridge.ts";
import { Buffer } from "./buffer.ts";
import { bytesOf } from "../web/text.ts";
import { URL } from "../web/url.ts";

type Options = string | { encoding?: string | null; flag?: string } | null | undefined;
interface Entry {
  kind: "file" | "directory";
  size?: number;
}

const startedAt = (): Date => new Date();

function nameOf(path: unknown): string {
  if (typeof path === "string") return path;
  if (path instanceof URL) return decodeURIComponent(path.part("pathname"));
  if (path instanceof Buffer) return path.toString();
  const received =
    path === null ? "null" : path === undefined ? "undefined" : `type ${typeof path}`;
  const message = `The "path" argument must be of type string or an instance of Buffer or URL. Received ${received}`;
  throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

function encodingOf(options: Options): string | null {
  return (typeof options === "string" ? options : options?.encoding) ?? null;
}

function contentOf(data: unknown, options: Options): Uint8Array {
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return bytesOf(data);
  if (
    typeof data === "string" ||
    (typeof data === "object" && data !== null && Object.hasOwn(data, "toString"))
  ) {
    return Buffer.from(String(data), encodingOf(options) ?? "utf8");
  }
  const message = `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? "null" : typeof data}`;
  throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

function entryOf(path: unknown): Entry | null {
  return ask(op.files, ["entry", nameOf(path)]) as Entry | null;
}

function missing(action: string, path: unknown): Error {
  const message = `ENOENT: no such file or directory, ${action} '${nameOf(path)}'`;
  return Object.assign(new Error(message), {
    errno: -2,
    code: "ENOENT",
    syscall: action,
    path: nameOf(path),
  });
}

class Stats {
  readonly size: number;
  readonly mode: number;
  readonly mtime = startedAt();
  readonly ctime = this.mtime;
  readonly atime = this.mtime;
  readonly birthtime = this.mtime;
  readonly mtimeMs = this.mtime.getTime();
  readonly #kind: Entry["kind"];
  constructor(entry: Entry) {
    this.size = entry.size ?? 0;
    this.mode = entry.kind === "file" ? 0o100644 : 0o40755;
    this.#kind = entry.kind;
  }
  isFile(): boolean {
    return this.#kind === "file";
  }
  isDirectory(): boolean {
    return this.#kind === "directory";
  }
  isSymbolicLink(): boolean {
    return false;
  }
}

class Dirent {
  readonly name: string;
  readonly parentPath: string;
  readonly path: string;
  readonly #kind: Entry["kind"];
  constructor(name: string, parentPath: string, kind: Entry["kind"]) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#kind = kind;
  }
  isFile(): boolean {
    return this.#kind === "file";
  }
  isDirectory(): boolean {
    return this.#kind === "directory";
  }
  isSymbolicLink(): boolean {
    return false;
  }
}

function list(
  path: string,
  recursive: boolean,
  from = "",
): { at: string; name: string; kind: Entry["kind"] }[] {
  const here = ask(op.files, ["list", path]) as { name: string; kind: Entry["kind"] }[];
  const found = here.map(({ name, kind }) => ({ at: from, name, kind }));
  if (!recursive) return found;
  for (const { name, kind } of here) {
    if (kind === "directory")
      found.push(...list(`${path}/${name}`, true, from ? `${from}/${name}` : name));
  }
  return found;
}

const removal = (path: unknown, options: { recursive?: boolean; force?: boolean } = {}): void => {
  const entry = entryOf(path);
  if (entry === null) {
    if (options.force) return;
    throw missing("rm", path);
  }
  if (entry.kind === "file") ask(op.files, ["remove", nameOf(path)]);
  else if (options.recursive) ask(op.files, ["remove_tree", nameOf(path)]);
  else
    throw Object.assign(
      new Error(`Path is a directory: rm returned EISDIR (is a directory) ${nameOf(path)}`),
      { code: "ERR_FS_EISDIR" },
    );
};

/** The synchronous file operations, by Node's names without "Sync". */
const operations = {
  readFile(path: unknown, options?: Options) {
    const bytes = askBytes(op.files, ["read", nameOf(path)]);
    const buffer = Buffer.from(bytes.buffer);
    const encoding = encodingOf(options);
    return encoding === null || encoding === "buffer" ? buffer : buffer.toString(encoding);
  },
  writeFile(path: unknown, data: unknown, options?: Options) {
    const flag = typeof options === "object" ? options?.flag : undefined;
    const method = flag?.startsWith("a") ? "append" : "write";
    ask(op.files, [method, nameOf(path)], contentOf(data, options));
  },
  appendFile(path: unknown, data: unknown, options?: Options) {
    ask(op.files, ["append", nameOf(path)], contentOf(data, options));
  },
  access(path: unknown) {
    if (entryOf(path) === null) throw missing("access", path);
  },
  stat(path: unknown, options?: { throwIfNoEntry?: boolean }) {
    const entry = entryOf(path);
    if (entry) return new Stats(entry);
    if (options?.throwIfNoEntry === false) return undefined;
    throw missing("stat", path);
  },
  lstat: (path: unknown): Stats | undefined => operations.stat(path),
  readdir(path: unknown, options?: { withFileTypes?: boolean; recursive?: boolean } | string) {
    const given = typeof options === "object" && options !== null ? options : {};
    const root = nameOf(path);
    return list(root, given.recursive === true).map(({ at, name, kind }) =>
      given.withFileTypes
        ? new Dirent(name, at ? `${root}/${at}` : root, kind)
        : at
          ? `${at}/${name}`
          : name,
    );
  },
  mkdir(path: unknown, options?: { recursive?: boolean } | number) {
    const recursive = typeof options === "object" && options?.recursive === true;
    if (recursive && entryOf(path)?.kind === "directory") return undefined;
    ask(op.files, ["make_directory", nameOf(path), String(recursive)]);
    return recursive ? nameOf(path) : undefined;
  },
  mkdtemp(prefix: unknown) {
    const path = nameOf(prefix) + Math.random().toString(36).slice(2, 8).padEnd(6, "0");
    operations.mkdir(path, { recursive: true });
    return path;
  },
  unlink(path: unknown) {
    ask(op.files, ["remove", nameOf(path)]);
  },
  rm: removal,
  rmdir(path: unknown, options?: { recursive?: boolean }) {
    if (options?.recursive) removal(path, { recursive: true });
    else ask(op.files, ["remove_directory", nameOf(path)]);
  },
  rename(from: unknown, to: unknown) {
    ask(op.files, ["rename", nameOf(from), nameOf(to)]);
  },
  copyFile(from: unknown, to: unknown) {
    ask(op.files, ["write", nameOf(to)], askBytes(op.files, ["read", nameOf(from)]));
  },
  realpath: (path: unknown) => nameOf(path),
  truncate(path: unknown, length = 0) {
    ask(
      op.files,
      ["write", nameOf(path)],
      askBytes(op.files, ["read", nameOf(path)]).slice(0, length),
    );
  },
  chmod() {},
  utimes() {},
};

type Operation = (...values: unknown[]) => unknown;

/** node:fs: each operation as xSync, as x with a callback, and in `promises`. */
export function makeFs(): { fs: Record<string, unknown>; promises: Record<string, unknown> } {
  const fs: Record<string, unknown> = { Stats, Dirent };
  const promises: Record<string, unknown> = {};
  for (const [name, operation] of Object.entries(operations) as [string, Operation][]) {
    fs[`${name}Sync`] = operation;
    promises[name] = async (...values: unknown[]) => operation(...values);
    fs[name] = (...values: unknown[]) => {
      const callback = values.pop() as (error: unknown, value?: unknown) => void;
      void (promises[name] as (...given: unknown[]) => Promise<unknown>)(...values).then(
        (value) => callback(null, value),
        (error) => callback(error),
      );
    };
  }
  fs.existsSync = (path: unknown): boolean => {
    try {
      return entryOf(path) !== null;
    } catch {
      return false;
    }
  };
  const constants = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 };
  fs.constants = constants;
  promises.constants = constants;
  fs.promises = promises;
  return { fs, promises };
}
