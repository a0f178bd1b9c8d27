import type { Entry } from "./values.ts";

class Kind {
  readonly #kind: Entry["kind"];
  constructor(kind: Entry["kind"]) {
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
  isBlockDevice(): boolean {
    return false;
  }
  isCharacterDevice(): boolean {
    return false;
  }
  isFIFO(): boolean {
    return false;
  }
  isSocket(): boolean {
    return false;
  }
}

/** The result of stat. The workspace keeps no times, so each time is the current one. */
export class Stats extends Kind {
  readonly dev = 1;
  readonly mode: number;
  readonly nlink = 1;
  readonly uid = 0;
  readonly gid = 0;
  readonly rdev = 0;
  readonly blksize = 4096;
  readonly ino = 1;
  readonly size: number;
  readonly blocks: number;
  readonly atimeMs = Date.now();
  readonly mtimeMs = this.atimeMs;
  readonly ctimeMs = this.atimeMs;
  readonly birthtimeMs = this.atimeMs;
  readonly atime = new Date(this.atimeMs);
  readonly mtime = new Date(this.atimeMs);
  readonly ctime = new Date(this.atimeMs);
  readonly birthtime = new Date(this.atimeMs);
  constructor(entry: Entry) {
    super(entry.kind);
    this.size = entry.size ?? 0;
    this.blocks = Math.ceil(this.size / 512);
    this.mode = entry.kind === "file" ? 0o100644 : 0o40755;
  }
}

export class Dirent extends Kind {
  readonly name: string;
  readonly parentPath: string;
  constructor(name: string, parentPath: string, kind: Entry["kind"]) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
  }
  get path(): string {
    return this.parentPath;
  }
}
