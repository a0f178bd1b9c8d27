import { closeFile, openFile, readFile, writeFile } from "./descriptors.ts";
import { nameOf } from "./values.ts";

interface StreamOptions {
  encoding?: BufferEncoding;
  flags?: string;
  start?: number;
  end?: number;
  highWaterMark?: number;
}
type Done = (error?: Error | null) => void;
type StreamModule = typeof import("node:stream");

/** The file streams of node:fs, built on the program's own node:stream module. */
export function makeStreams({ Readable, Writable }: StreamModule): Record<string, unknown> {
  const ReadStream = makeReadStream(Readable);
  const WriteStream = makeWriteStream(Writable);
  return {
    ReadStream,
    WriteStream,
    createReadStream: (path: unknown, options?: unknown) => new ReadStream(path, options),
    createWriteStream: (path: unknown, options?: unknown) => new WriteStream(path, options),
  };
}

const optionsOf = (options: unknown): StreamOptions =>
  (typeof options === "string" ? { encoding: options } : (options ?? {})) as StreamOptions;

type StreamClass = new (path: unknown, options?: unknown) => object;

function makeReadStream(Readable: StreamModule["Readable"]): StreamClass {
  return class ReadStream extends Readable {
    readonly path: string;
    readonly flags: string;
    bytesRead = 0;
    fd: number | null = null;
    #position: number;
    readonly #end: number;
    constructor(path: unknown, options?: unknown) {
      const {
        encoding,
        flags = "r",
        start = 0,
        end = Number.POSITIVE_INFINITY,
        highWaterMark = 65_536,
      } = optionsOf(options);
      super({ highWaterMark, autoDestroy: true, ...(encoding === undefined ? {} : { encoding }) });
      this.path = nameOf(path);
      this.flags = flags;
      this.#position = start;
      this.#end = end;
    }
    override _construct(callback: Done): void {
      this.fd = openFile(this.path, this.flags);
      callback();
      this.emit("open", this.fd);
      this.emit("ready");
    }
    override _read(size: number): void {
      const buffer = Buffer.alloc(Math.max(0, Math.min(size, this.#end - this.#position + 1)));
      const count = readFile(this.fd, buffer, 0, buffer.length, this.#position);
      this.#position += count;
      this.bytesRead += count;
      // Pushed later, as from a disk, so that only requested data is read.
      queueMicrotask(() => this.push(count === 0 ? null : buffer.subarray(0, count)));
    }
    override _destroy(error: Error | null, callback: Done): void {
      if (this.fd !== null) closeFile(this.fd);
      this.fd = null;
      callback(error);
    }
    close(callback?: Done): void {
      if (callback) this.once("close", () => callback());
      this.destroy();
    }
  };
}

function makeWriteStream(Writable: StreamModule["Writable"]): StreamClass {
  return class WriteStream extends Writable {
    readonly path: string;
    readonly flags: string;
    bytesWritten = 0;
    fd: number | null = null;
    constructor(path: unknown, options?: unknown) {
      const { encoding, flags = "w" } = optionsOf(options);
      super({
        decodeStrings: true,
        ...(encoding === undefined ? {} : { defaultEncoding: encoding }),
      });
      this.path = nameOf(path);
      this.flags = flags;
    }
    override _construct(callback: Done): void {
      this.fd = openFile(this.path, this.flags);
      callback();
      this.emit("open", this.fd);
      this.emit("ready");
    }
    override _write(chunk: Buffer, _encoding: string, callback: Done): void {
      this.bytesWritten += writeFile(this.fd, chunk);
      callback();
    }
    override _destroy(error: Error | null, callback: Done): void {
      if (this.fd !== null) closeFile(this.fd);
      this.fd = null;
      callback(error);
    }
    close(callback?: Done): void {
      if (callback) this.once("close", () => callback());
      this.end();
    }
  };
}
