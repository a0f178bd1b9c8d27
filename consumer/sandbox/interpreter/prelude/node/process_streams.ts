type StreamModule = typeof import("node:stream");
type Members = Record<PropertyKey, unknown>;

let unfinished = "";
let printLine: (line: string) => void = () => {};

/** Defines `stdin`, `stdout` and `stderr`, each created when it is first read. */
export function defineStreams(
  process: object,
  stream: () => StreamModule,
  print: (line: string) => void,
): void {
  printLine = print;
  const makers: Record<string, () => unknown> = {
    stdin: () => stream().Readable.from([]),
    stdout: () => makeOutput(1, stream),
    stderr: () => makeOutput(2, stream),
  };
  for (const [name, make] of Object.entries(makers)) {
    let made: unknown;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (made ??= make()),
    });
  }
}

/** Becomes a writable stream when anything other than `write` is used, because Node's streams cost fuel. */
function makeOutput(fd: number, stream: () => StreamModule): unknown {
  let fullStream: Members | undefined;
  const direct: Members = {
    fd,
    write(chunk: unknown, ...rest: unknown[]) {
      writeChunk(chunk);
      const callback = rest.at(-1);
      if (typeof callback === "function") queueMicrotask(() => callback());
      return true;
    },
    isTTY: undefined,
    columns: undefined,
    getColorDepth: () => 1,
    hasColors: () => false,
  };
  const makeFullStream = (): Members => {
    fullStream ??= new (stream().Writable)({
      decodeStrings: false,
      write(chunk: unknown, _encoding: unknown, callback: () => void) {
        writeChunk(chunk);
        callback();
      },
    }) as never;
    return fullStream;
  };
  return new Proxy(direct, {
    get: (_target, key) => {
      if (key in direct) return direct[key];
      const value = makeFullStream()[key];
      return typeof value === "function" ? value.bind(makeFullStream()) : value;
    },
    has: (_target, key) => key in direct || key in makeFullStream(),
  });
}

/** Prints the complete lines of a chunk. An incomplete line waits for its end, because the console holds whole lines. */
function writeChunk(chunk: unknown): void {
  const text = ArrayBuffer.isView(chunk) ? Buffer.from(chunk as Uint8Array).toString() : chunk;
  if (typeof text !== "string") {
    const message = `The "chunk" argument must be of type string or an instance of Buffer, TypedArray, or DataView.`;
    throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
  }
  const lines = (unfinished + text).split("\n");
  unfinished = lines.pop() ?? "";
  for (const line of lines) printLine(line);
}

/** Prints the incomplete line that process.stdout.write has left. */
export function flushOutput(): void {
  if (unfinished !== "") printLine(unfinished);
  unfinished = "";
}
