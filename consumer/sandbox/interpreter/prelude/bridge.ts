import { op } from "../protocol.ts";

/** The only way out of the program's world: one host function, see protocol.ts. */
export type HostCall = (op: number, text: string, bytes?: unknown) => unknown;

const { parse, stringify } = JSON;
const errors: Record<string, ErrorConstructor> = {
  TypeError: TypeError as ErrorConstructor,
  RangeError: RangeError as ErrorConstructor,
  SyntaxError: SyntaxError as ErrorConstructor,
  URIError: URIError as ErrorConstructor,
};

let host: HostCall = () => undefined;

/** Connects the prelude to its host; called once, before anything else. */
export function connect(call: HostCall): void {
  host = call;
}

/** Sends a signal to the host without allocating, for a program that has no memory left. */
export function signal(op: number): void {
  host(op, "null");
}

/** Requests a value or bytes from the host. Throws the error that the host reports. */
export function ask(op: number, value: unknown, bytes?: Uint8Array): unknown {
  const text = stringify(value);
  return read(bytes === undefined ? host(op, text) : host(op, text, bufferOf(bytes)));
}

function read(answer: unknown): unknown {
  if (typeof answer !== "string") return answer;
  if (answer[0] === "=") return parse(answer.slice(1));
  // A text that was sent unencoded; the character after the mark replaces NUL in it.
  if (answer[0] === "~") {
    const text = host(op.take, "") as string;
    return answer.length === 1 ? text : text.replaceAll(answer.slice(1), "\0");
  }
  const { name, message, ...more } = parse(answer.slice(1)) as Record<string, string>;
  throw Object.assign(new (errors[name ?? ""] ?? Error)(message), more);
}

/** Like `ask`, for operations that return a text. */
export function askText(op: number, value: unknown, bytes?: Uint8Array): string {
  return ask(op, value, bytes) as string;
}

/** Like `ask`, for operations that return bytes. */
export function askBytes(op: number, value: unknown, bytes?: Uint8Array): Uint8Array {
  const answer = ask(op, value, bytes);
  return new Uint8Array(answer instanceof ArrayBuffer ? answer : new ArrayBuffer(0));
}

/** Passes the value itself to the host, for facts that only the engine knows. */
export function hostValue(op: number, value: unknown): unknown {
  return host(op, "", value);
}

/** Encodes a text as UTF-8. The text is sent unencoded unless a NUL or half a character would be lost. */
export function encodeText(text: string): Uint8Array {
  if (text.includes("\0") || !text.isWellFormed()) return askBytes(op.encode, ["utf8", text]);
  const answer = read(host(op.utf8, text));
  return new Uint8Array(answer instanceof ArrayBuffer ? answer : new ArrayBuffer(0));
}

export const decodeText = (bytes: Uint8Array): string =>
  askText(op.decode, ["utf-8", false, true], bytes);

/** The bytes of a buffer or a view of one. */
export function bytesOf(source: unknown): Uint8Array {
  if (source === undefined) return new Uint8Array(0);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  throw new TypeError("The argument must be an ArrayBuffer or a view of one.");
}

/** The buffer that holds exactly these bytes. */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  const isWhole = byteOffset === 0 && buffer.byteLength === byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

/** Defines globals as the platform does: writable, configurable, not enumerable. */
export function define(target: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}

/** Defines globals that are created when a program first reads them. */
export function defineLazily(target: object, makers: Record<string, () => unknown>): void {
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: false,
      get() {
        const value = make();
        define(target, { [name]: value });
        return value;
      },
      set: (value) => define(target, { [name]: value }),
    });
  }
}
