import { isWithin, outputStep } from "../../../../shared/files/paths.ts";
import { workspaceLimits } from "../../../../shared/limits.ts";
import type { FileChanges } from "../../engine.ts";

/** What went wrong with a file, as Node names it. */
export interface FileProblem {
  code:
    | "ENOENT"
    | "EISDIR"
    | "ENOTDIR"
    | "EEXIST"
    | "ENOTEMPTY"
    | "EFBIG"
    | "ENOSPC"
    | "ENAMETOOLONG"
    | "EROFS"
    | "EINVAL";
  message: string;
  errno: number;
  syscall: string;
  path: string;
}

/** Linux's error numbers, negated, as Node reports them. */
const numbers: Record<FileProblem["code"], number> = {
  ENOENT: -2,
  EEXIST: -17,
  ENOTDIR: -20,
  EISDIR: -21,
  EINVAL: -22,
  EFBIG: -27,
  ENOSPC: -28,
  EROFS: -30,
  ENAMETOOLONG: -36,
  ENOTEMPTY: -39,
};

const wording: Record<FileProblem["code"], string> = {
  ENOENT: "no such file or directory",
  EISDIR: "illegal operation on a directory",
  ENOTDIR: "not a directory",
  EEXIST: "file already exists",
  ENOTEMPTY: "directory not empty",
  EFBIG: "file too large for the workspace",
  ENOSPC: "no space left in the workspace",
  ENAMETOOLONG: "name too long",
  EROFS: "read-only file system",
  EINVAL: "invalid argument",
};

/** The longest path that an error message repeats. */
const pathShownMax = 600;

export class FileError extends Error {
  override name = "FileError";
  readonly problem: FileProblem;
  constructor(code: FileProblem["code"], action: string, fullPath: string) {
    const path = fullPath.length > pathShownMax ? `${fullPath.slice(0, pathShownMax)}…` : fullPath;
    const message = `${code}: ${wording[code]}, ${action} '${path}'`;
    super(message);
    this.problem = { errno: numbers[code], code, syscall: action, path, message };
  }
}

/** The kind of a path. A file has bytes; a directory exists if it was created or contains something. */
export type Entry = { kind: "file"; size: number } | { kind: "directory" };

/** Whether a path, as `confine` normalises it, can be neither written nor deleted. */
type Locked = (path: string) => boolean;

/** The paths that a program cannot change: the folder that is mounted read-only, and files that tools returned. */
export const lockedIn =
  (folder: string | null): Locked =>
  (path) =>
    outputStep(path) !== null || (folder !== null && isWithin(path, folder));

/**
 * The files of one run, in memory. Paths are confined: "..", "/" and "." are resolved
 * against a root that cannot be left, so "/etc/passwd" is a file of the workspace.
 */
export class Workspace {
  readonly #files: Map<string, Uint8Array>;
  readonly #directories = new Set<string>();
  readonly #changes = new Map<string, Uint8Array | null>();
  /** Files that only the program knows. Creating and deleting one between two calls is not a change. */
  readonly #born = new Set<string>();
  /** The number of calls in progress that have handed over each path. */
  readonly #handOvers = new Map<string, number>();
  readonly #isLocked: Locked;
  #bytes = 0;

  constructor(files: ReadonlyMap<string, Uint8Array>, isLocked: Locked = () => false) {
    this.#files = new Map();
    this.#isLocked = isLocked;
    for (const [path, bytes] of files) {
      this.#files.set(confine(path), bytes);
      this.#bytes += bytes.length;
    }
  }

  /** Files written and deleted (null) that were not handed over. */
  get changes(): Map<string, Uint8Array | null> {
    return this.#changes;
  }

  /** The size in bytes of the changes that the next call would carry. */
  get changedBytes(): number {
    let sum = 0;
    for (const bytes of this.#changes.values()) sum += bytes?.length ?? 0;
    return sum;
  }

  /** Takes the changes since the last call, for the next call to send. Each is settled once. */
  handOver(): Map<string, Uint8Array | null> {
    const changes = new Map(this.#changes);
    this.#changes.clear();
    this.#born.clear();
    for (const path of changes.keys())
      this.#handOvers.set(path, (this.#handOvers.get(path) ?? 0) + 1);
    return changes;
  }

  /**
   * Ends a hand-over. Changes that were not saved become changes again, in their current state.
   * `otherChanges` come from elsewhere; they apply unless the program has changed the same file since.
   */
  settle(changes: FileChanges, isSaved: boolean, otherChanges: FileChanges = new Map()): void {
    for (const path of changes.keys()) {
      const remaining = (this.#handOvers.get(path) ?? 1) - 1;
      if (remaining === 0) this.#handOvers.delete(path);
      else this.#handOvers.set(path, remaining);
      // Stores the current state, because a later call may have handed over another state of the same file.
      if (!isSaved) this.#changes.set(path, this.#files.get(path) ?? null);
    }
    for (const [path, bytes] of otherChanges) {
      // The task knows the file too, so its deletion by the program must be reported.
      this.#born.delete(path);
      if (this.#changes.has(path) || this.#handOvers.has(path)) continue;
      this.#bytes += (bytes?.length ?? 0) - (this.#files.get(path)?.length ?? 0);
      if (bytes === null) this.#files.delete(path);
      else this.#files.set(path, bytes);
    }
  }

  /** Throws if a file of this size cannot be written, before any memory is allocated for it. */
  checkSize(path: string, bytes: number): void {
    if (bytes > workspaceLimits.fileBytesMax) throw new FileError("EFBIG", "write", path);
  }

  read(path: string): Uint8Array {
    const key = confine(path);
    const bytes = this.#files.get(key);
    if (bytes) return bytes;
    throw new FileError(this.#isDirectory(key) ? "EISDIR" : "ENOENT", "open", path);
  }

  write(path: string, bytes: Uint8Array): void {
    const key = confine(path);
    if (key === "" || this.#isDirectory(key)) throw new FileError("EISDIR", "open", path);
    if (this.#isLocked(key)) throw new FileError("EROFS", "open", path);
    if (key.length > workspaceLimits.pathCharsMax)
      throw new FileError("ENAMETOOLONG", "open", path);
    if (this.#fileAbove(key)) throw new FileError("ENOTDIR", "open", path);
    if (bytes.length > workspaceLimits.fileBytesMax) throw new FileError("EFBIG", "write", path);
    const before = this.#files.get(key);
    const total = this.#bytes - (before?.length ?? 0) + bytes.length;
    const tooMany = before === undefined && this.#files.size >= workspaceLimits.filesMax;
    if (tooMany || total > workspaceLimits.bytesMax) throw new FileError("ENOSPC", "write", path);
    this.#bytes = total;
    const isKnown = before !== undefined || this.#changes.has(key) || this.#handOvers.has(key);
    if (!isKnown) this.#born.add(key);
    this.#files.set(key, bytes);
    this.#changes.set(key, bytes);
  }

  remove(path: string): void {
    const key = confine(path);
    const bytes = this.#files.get(key);
    if (!bytes) throw new FileError(this.#isDirectory(key) ? "EISDIR" : "ENOENT", "unlink", path);
    if (this.#isLocked(key)) throw new FileError("EROFS", "unlink", path);
    this.#bytes -= bytes.length;
    this.#files.delete(key);
    if (this.#born.delete(key)) this.#changes.delete(key);
    else this.#changes.set(key, null);
  }

  rename(from: string, to: string): void {
    const bytes = this.read(from);
    if (this.#isLocked(confine(from))) throw new FileError("EROFS", "rename", from);
    this.write(to, bytes);
    if (confine(from) !== confine(to)) this.remove(from);
  }

  removeTree(path: string): void {
    const key = confine(path);
    const prefix = key === "" ? "" : `${key}/`;
    for (const file of [...this.#files.keys()]) {
      if (file === key || file.startsWith(prefix)) this.remove(file);
    }
    for (const directory of [...this.#directories]) {
      if (directory === key || directory.startsWith(prefix)) this.#directories.delete(directory);
    }
  }

  removeDirectory(path: string): void {
    const key = confine(path);
    if (this.#files.has(key)) throw new FileError("ENOTDIR", "rmdir", path);
    if (!this.#isDirectory(key)) throw new FileError("ENOENT", "rmdir", path);
    if (this.#isLocked(key)) throw new FileError("EROFS", "rmdir", path);
    if (this.list(path).length > 0) throw new FileError("ENOTEMPTY", "rmdir", path);
    this.#directories.delete(key);
  }

  makeDirectory(path: string, recursive: boolean): void {
    const key = confine(path);
    if (this.#files.has(key) || (!recursive && this.#isDirectory(key))) {
      throw new FileError("EEXIST", "mkdir", path);
    }
    if (this.#fileAbove(key)) throw new FileError("ENOTDIR", "mkdir", path);
    if (this.#isLocked(key) && !this.#isDirectory(key)) throw new FileError("EROFS", "mkdir", path);
    if (!recursive && !this.#isDirectory(parentOf(key)))
      throw new FileError("ENOENT", "mkdir", path);
    const isFull = this.#directories.size >= workspaceLimits.filesMax;
    if (isFull || key.length > workspaceLimits.pathCharsMax)
      throw new FileError("ENOSPC", "mkdir", path);
    if (key !== "") this.#directories.add(key);
  }

  entry(path: string): Entry | null {
    const key = confine(path);
    const bytes = this.#files.get(key);
    if (bytes) return { kind: "file", size: bytes.length };
    return this.#isDirectory(key) ? { kind: "directory" } : null;
  }

  /** The names directly below a directory, sorted. */
  list(path: string): { name: string; kind: Entry["kind"] }[] {
    const key = confine(path);
    if (this.#files.has(key)) throw new FileError("ENOTDIR", "scandir", path);
    if (!this.#isDirectory(key)) throw new FileError("ENOENT", "scandir", path);
    const prefix = key === "" ? "" : `${key}/`;
    const kinds = new Map<string, Entry["kind"]>();
    for (const file of this.#files.keys()) {
      if (!file.startsWith(prefix)) continue;
      const [name = "", ...rest] = file.slice(prefix.length).split("/");
      if (rest.length > 0) kinds.set(name, "directory");
      else if (!kinds.has(name)) kinds.set(name, "file");
    }
    for (const directory of this.#directories) {
      if (!directory.startsWith(prefix) || directory === key) continue;
      kinds.set(directory.slice(prefix.length).split("/")[0] ?? "", "directory");
    }
    return [...kinds]
      .map(([name, kind]) => ({ name, kind }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #isDirectory(key: string): boolean {
    if (key === "" || this.#directories.has(key)) return true;
    const prefix = `${key}/`;
    for (const file of this.#files.keys()) if (file.startsWith(prefix)) return true;
    for (const directory of this.#directories) if (directory.startsWith(prefix)) return true;
    return false;
  }

  #fileAbove(key: string): boolean {
    for (let ancestor = parentOf(key); ancestor !== ""; ancestor = parentOf(ancestor)) {
      if (this.#files.has(ancestor)) return true;
    }
    return false;
  }
}

function parentOf(key: string): string {
  const slash = key.lastIndexOf("/");
  return slash < 0 ? "" : key.slice(0, slash);
}

/** The canonical form of a path: relative to the root, without empty, "." or ".." segments. */
export function confine(path: string): string {
  if (path.includes("\0")) throw new FileError("EINVAL", "open", path.replaceAll("\0", "\\0"));
  const segments: string[] = [];
  for (const segment of path
    .normalize("NFC")
    .replace(/^file:\/\//, "")
    .split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  return segments.join("/");
}
