import { defineLazily } from "../../bridge.ts";
import { Dir, operations } from "./operations.ts";
import { Dirent, Stats } from "./stats.ts";
import { makeStreams } from "./streams.ts";
import { entryOf, nameOf } from "./values.ts";

type Operation = (...values: unknown[]) => unknown;
type Functions = Record<string, Operation>;
type Callback = (error: unknown, value?: unknown, extra?: unknown) => void;

const functions = operations as unknown as Functions;

/** Operations on open files, which are methods of a FileHandle in `promises`. */
const ofDescriptors = new Set([
  "open",
  "close",
  "read",
  "write",
  "fstat",
  "ftruncate",
  "fsync",
  "fdatasync",
]);

class FileHandle {
  readonly fd: number;
  constructor(fd: number) {
    this.fd = fd;
  }
  async read(
    target: ArrayBufferView | { buffer?: ArrayBufferView } = Buffer.alloc(16_384),
    ...rest: unknown[]
  ): Promise<object> {
    const options = ArrayBuffer.isView(target) ? null : target;
    const buffer =
      options === null ? (target as ArrayBufferView) : (options.buffer ?? Buffer.alloc(16_384));
    const bytesRead = functions.read?.(this.fd, buffer, ...(options === null ? rest : [options]));
    return { bytesRead, buffer };
  }
  async write(data: unknown, ...rest: unknown[]): Promise<object> {
    return { bytesWritten: functions.write?.(this.fd, data, ...rest), buffer: data };
  }
  async readFile(options?: unknown): Promise<unknown> {
    return functions.readFile?.(this.fd, options);
  }
  async writeFile(data: unknown, options?: unknown): Promise<unknown> {
    return functions.writeFile?.(this.fd, data, options);
  }
  async appendFile(data: unknown, options?: unknown): Promise<unknown> {
    return functions.writeFile?.(this.fd, data, options);
  }
  async stat(): Promise<unknown> {
    return functions.fstat?.(this.fd);
  }
  async truncate(length?: number): Promise<void> {
    functions.ftruncate?.(this.fd, length);
  }
  async close(): Promise<void> {
    functions.close?.(this.fd);
  }
  async *readLines(options?: { encoding?: string }): AsyncGenerator<string> {
    const text = String(functions.readFile?.(this.fd, options?.encoding ?? "utf8"));
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    yield* lines;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const existsSync = (path: unknown): boolean => {
  try {
    return entryOf(path) !== null;
  } catch {
    return false;
  }
};

const constants = {
  F_OK: 0,
  X_OK: 1,
  W_OK: 2,
  R_OK: 4,
  COPYFILE_EXCL: 1,
  COPYFILE_FICLONE: 2,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 64,
  O_EXCL: 128,
  O_TRUNC: 512,
  O_APPEND: 1024,
  S_IFMT: 61_440,
  S_IFREG: 32_768,
  S_IFDIR: 16_384,
  S_IFLNK: 40_960,
};

const unavailable = (name: string) => (): never => {
  throw new Error(
    `fs.${name} is not available in the sandbox: the workspace has no links and sends no events.`,
  );
};

/** node:fs: each operation as xSync, as x with a callback, and in `promises`. `stream` returns Node's stream module. */
export function makeFs(stream: () => typeof import("node:stream")): {
  fs: Record<string, unknown>;
  promises: Record<string, unknown>;
} {
  const fs: Record<string, unknown> = { Stats, Dirent, Dir, existsSync, constants };
  const promises: Record<string, unknown> = { constants };
  for (const [name, operation] of Object.entries(functions)) {
    fs[`${name}Sync`] = operation;
    const later = async (...values: unknown[]): Promise<unknown> => operation(...values);
    if (!ofDescriptors.has(name)) promises[name] = later;
    fs[name] = (...values: unknown[]) => {
      const callback = values.pop();
      if (typeof callback !== "function") {
        const message = `The "cb" argument must be of type function. Received ${callback === undefined ? "undefined" : typeof callback}`;
        throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
      }
      // Called from a timer, so that an error of the callback is not a rejection.
      const report = (...results: [unknown, unknown?]): void =>
        void setImmediate(() =>
          (callback as Callback)(
            ...results,
            ...(name === "read" || name === "write" ? [values[1]] : []),
          ),
        );
      void later(...values).then(
        (value) => (value === undefined ? report(null) : report(null, value)),
        (error) => report(error),
      );
    };
  }
  promises.open = async (path: unknown, flag?: unknown) =>
    new FileHandle(operations.open(path, flag));
  promises.glob = async function* (pattern: unknown, options?: object) {
    yield* operations.glob(pattern, options);
  };
  fs.exists = (path: unknown, callback: (exists: boolean) => void) =>
    void setImmediate(() => callback(existsSync(path)));
  fs.promises = promises;
  for (const name of [
    "symlink",
    "symlinkSync",
    "link",
    "linkSync",
    "readlink",
    "readlinkSync",
    "watch",
    "watchFile",
    "unwatchFile",
  ])
    fs[name] = unavailable(name);
  let streams: Record<string, unknown> | undefined;
  const part = (name: string) => () => {
    streams ??= makeStreams(stream());
    return streams[name];
  };
  const names = ["createReadStream", "createWriteStream", "ReadStream", "WriteStream"];
  defineLazily(fs, Object.fromEntries(names.map((name) => [name, part(name)])));
  return { fs, promises };
}

export { nameOf };
