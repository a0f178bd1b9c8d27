import { op } from "../../../protocol.ts";
import { ask, askBytes, askText } from "../../bridge.ts";
import { resolvePath } from "../resolve_path.ts";
import {
  closeFile,
  flagOf,
  openFile,
  pathOf,
  prepareWrite,
  readFile,
  requireParent,
  writeFile,
} from "./descriptors.ts";
import { globFiles } from "./glob.ts";
import { Dirent, Stats } from "./stats.ts";
import {
  contentOf,
  type Entry,
  encodingOf,
  entryOf,
  fileError,
  nameOf,
  type Options,
} from "./values.ts";

interface FoundEntry {
  folder: string;
  name: string;
  kind: Entry["kind"];
}

function list(path: string, isRecursive: boolean, from = ""): FoundEntry[] {
  const children = ask(op.files, ["list", path]) as { name: string; kind: Entry["kind"] }[];
  const entries = children.map(({ name, kind }) => ({ folder: from, name, kind }));
  if (!isRecursive) return entries;
  for (const { name, kind } of children) {
    if (kind === "directory")
      entries.push(...list(`${path}/${name}`, true, from ? `${from}/${name}` : name));
  }
  return entries;
}

function remove(path: unknown, options: { recursive?: boolean; force?: boolean } = {}): void {
  const entry = entryOf(path);
  if (entry === null) {
    if (options.force) return;
    throw fileError("ENOENT", "rm", path);
  }
  if (entry.kind === "file") ask(op.files, ["remove", nameOf(path)]);
  else if (options.recursive) ask(op.files, ["remove_tree", nameOf(path)]);
  else {
    const message = `Path is a directory: rm returned EISDIR (is a directory) ${nameOf(path)}`;
    throw Object.assign(new Error(message), {
      name: "SystemError",
      code: "ERR_FS_EISDIR",
      errno: 21,
      syscall: "rm",
      path: nameOf(path),
    });
  }
}

function copy(
  from: unknown,
  to: unknown,
  options: { recursive?: boolean; force?: boolean; errorOnExist?: boolean } = {},
): void {
  const entry = entryOf(from);
  if (entry === null) throw fileError("ENOENT", "cp", from);
  if (entry.kind === "file") {
    if (options.force === false && entryOf(to) !== null) {
      if (options.errorOnExist) throw fileError("EEXIST", "cp", to);
      return;
    }
    const parent = nameOf(to).replace(/\/?[^/]*$/, "");
    if (parent !== "") ask(op.files, ["make_directory", parent, "true"]);
    ask(op.files, ["copy", nameOf(from), nameOf(to)]);
    return;
  }
  if (!options.recursive) {
    const message = `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${nameOf(from)} is a directory (not copied)) ${nameOf(from)}`;
    throw Object.assign(new Error(message), { name: "SystemError", code: "ERR_FS_EISDIR" });
  }
  ask(op.files, ["make_directory", nameOf(to), "true"]);
  for (const { name } of list(nameOf(from), false))
    copy(`${nameOf(from)}/${name}`, `${nameOf(to)}/${name}`, options);
}

function write(file: unknown, data: unknown, options: Options, defaultFlag: string): void {
  const bytes = contentOf(data, options);
  const path = pathOf(file);
  const flag = (typeof options === "object" ? options?.flag : undefined) ?? defaultFlag;
  const { name } = flagOf(flag);
  if (typeof file === "number") return void writeFile(file, bytes);
  // The usual case needs one call: the file exists, or its name is in the root folder.
  const isPlain = (name === "w" || name === "a") && !nameOf(path).includes("/");
  if (!isPlain) prepareWrite(path, flag);
  ask(op.files, [name.includes("a") ? "append" : "write", nameOf(path)], bytes);
}

/** The synchronous file operations, by Node's names without "Sync". */
export const operations = {
  readFile(file: unknown, options?: Options) {
    const path = nameOf(pathOf(file));
    const encoding = encodingOf(options);
    if (encoding === "utf8" || encoding === "utf-8") return askText(op.files, ["read_text", path]);
    const buffer = Buffer.from(askBytes(op.files, ["read", path]).buffer);
    return encoding === null || encoding === "buffer"
      ? buffer
      : buffer.toString(encoding as BufferEncoding);
  },
  writeFile: (file: unknown, data: unknown, options?: Options) => write(file, data, options, "w"),
  appendFile: (file: unknown, data: unknown, options?: Options) => write(file, data, options, "a"),
  access(path: unknown) {
    if (entryOf(path) === null) throw fileError("ENOENT", "access", path);
  },
  stat(path: unknown, options?: { throwIfNoEntry?: boolean }) {
    const entry = entryOf(path);
    if (entry) return new Stats(entry);
    if (options?.throwIfNoEntry === false) return undefined;
    throw fileError("ENOENT", "stat", path);
  },
  lstat(path: unknown, options?: { throwIfNoEntry?: boolean }) {
    const entry = entryOf(path);
    if (entry) return new Stats(entry);
    if (options?.throwIfNoEntry === false) return undefined;
    throw fileError("ENOENT", "lstat", path);
  },
  fstat: (descriptor: unknown) => operations.stat(pathOf(descriptor)),
  readdir(path: unknown, options?: { withFileTypes?: boolean; recursive?: boolean } | string) {
    const settings = typeof options === "object" && options !== null ? options : {};
    const root = nameOf(path);
    return list(root, settings.recursive === true).map(({ folder: at, name, kind }) => {
      if (settings.withFileTypes) return new Dirent(name, at ? `${root}/${at}` : root, kind);
      return at ? `${at}/${name}` : name;
    });
  },
  opendir(path: unknown) {
    return new Dir(nameOf(path), operations.readdir(path, { withFileTypes: true }) as Dirent[]);
  },
  mkdir(path: unknown, options?: { recursive?: boolean } | number) {
    const isRecursive = typeof options === "object" && options?.recursive === true;
    if (isRecursive && entryOf(path)?.kind === "directory") return undefined;
    const first = isRecursive ? firstMissing(nameOf(path)) : undefined;
    ask(op.files, ["make_directory", nameOf(path), String(isRecursive)]);
    return first;
  },
  mkdtemp(prefix: unknown) {
    const path = nameOf(prefix) + Math.random().toString(36).slice(2, 8).padEnd(6, "0");
    operations.mkdir(path, { recursive: true });
    return path;
  },
  unlink(path: unknown) {
    ask(op.files, ["remove", nameOf(path)]);
  },
  rm: remove,
  rmdir(path: unknown, options?: { recursive?: boolean }) {
    if (options?.recursive) remove(path, { recursive: true, force: true });
    else ask(op.files, ["remove_directory", nameOf(path)]);
  },
  rename(from: unknown, to: unknown) {
    if (entryOf(from) === null) throw fileError("ENOENT", "rename", from, to);
    requireParent(from, "rename", to);
    ask(op.files, ["rename", nameOf(from), nameOf(to)]);
  },
  copyFile(from: unknown, to: unknown, mode = 0) {
    if (entryOf(from) === null) throw fileError("ENOENT", "copyfile", from, to);
    if (mode === 1 && entryOf(to) !== null) throw fileError("EEXIST", "copyfile", from, to);
    requireParent(from, "copyfile", to);
    ask(op.files, ["copy", nameOf(from), nameOf(to)]);
  },
  cp: copy,
  realpath(path: unknown) {
    if (entryOf(path) === null) throw fileError("ENOENT", "lstat", path);
    return resolvePath("/", nameOf(path));
  },
  truncate(path: unknown, length = 0) {
    if (entryOf(path) === null) throw fileError("ENOENT", "open", path);
    const bytes = askBytes(op.files, ["read_part", nameOf(path), 0, length]);
    const resized = new Uint8Array(length);
    resized.set(bytes);
    ask(op.files, ["write", nameOf(path)], resized);
  },
  ftruncate: (descriptor: unknown, length?: number) =>
    operations.truncate(pathOf(descriptor), length),
  open: (path: unknown, flag?: unknown) => openFile(path, flag),
  close: (descriptor: unknown) => closeFile(descriptor),
  read(descriptor: unknown, target: ArrayBufferView, ...rest: unknown[]) {
    const [first] = rest;
    const options =
      typeof first === "object" && first !== null ? (first as Record<string, number>) : null;
    const [offset, length, position] =
      options === null ? rest : [options.offset, options.length, options.position];
    return readFile(
      descriptor,
      target,
      (offset as number) ?? 0,
      (length as number) ?? undefined,
      (position as number) ?? null,
    );
  },
  write: (descriptor: unknown, data: unknown, ...rest: unknown[]) =>
    writeFile(descriptor, data, ...rest),
  glob: (pattern: unknown, options?: object) =>
    globFiles(pattern, options, operations.readdir as never),
  chmod(path: unknown) {
    if (entryOf(path) === null) throw fileError("ENOENT", "chmod", path);
  },
  utimes(path: unknown) {
    if (entryOf(path) === null) throw fileError("ENOENT", "utime", path);
  },
  fsync() {},
  fdatasync() {},
};

function firstMissing(path: string): string | undefined {
  const parts = path.split("/");
  for (let count = 1; count <= parts.length; count += 1) {
    const part = parts.slice(0, count).join("/");
    if (part !== "" && entryOf(part) === null) return part.startsWith("/") ? part : `/${part}`;
  }
  return undefined;
}

/** An open directory. */
class Dir {
  readonly path: string;
  readonly #entries: Dirent[];
  constructor(path: string, entries: Dirent[]) {
    this.path = path;
    this.#entries = entries;
  }
  readSync(): Dirent | null {
    return this.#entries.shift() ?? null;
  }
  async read(): Promise<Dirent | null> {
    return this.readSync();
  }
  closeSync(): void {}
  async close(): Promise<void> {}
  async *[Symbol.asyncIterator](): AsyncGenerator<Dirent> {
    for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
  }
}

export { Dir };
