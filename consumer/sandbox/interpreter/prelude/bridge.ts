/** The way out of the program's world: one host function, see protocol.ts. */
export type HostCall = (op: number, text: string, bytes?: ArrayBuffer) => unknown;

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

/** Tells the host something without allocating, for a program that has no memory left. */
export function signal(op: number): void {
  host(op, "null");
}

/** Asks the host and answers a value or bytes; throws what the host says to throw. */
export function ask(op: number, value: unknown, bytes?: Uint8Array): unknown {
  const text = stringify(value);
  const answer = bytes === undefined ? host(op, text) : host(op, text, bufferOf(bytes));
  if (typeof answer !== "string") return answer;
  if (answer[0] !== "!") return parse(answer.slice(1));
  const { name, message, ...more } = parse(answer.slice(1)) as Record<string, string>;
  throw Object.assign(new (errors[name ?? ""] ?? Error)(message), more);
}

/** As `ask`, for the operations that answer bytes. */
export function askBytes(op: number, value: unknown, bytes?: Uint8Array): Uint8Array {
  const answer = ask(op, value, bytes);
  return new Uint8Array(answer instanceof ArrayBuffer ? answer : new ArrayBuffer(0));
}

/** The buffer that holds exactly these bytes. */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  const whole = byteOffset === 0 && buffer.byteLength === byteLength;
  return (whole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
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
