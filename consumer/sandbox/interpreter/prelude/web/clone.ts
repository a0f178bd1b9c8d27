import { define } from "../bridge.ts";
import { inspect } from "../console/format.ts";
import { Blob, File } from "./blob.ts";
import { transferSymbol } from "./messages.ts";

const refuse = (message: string): never => {
  throw new DOMException(message, "DataCloneError");
};

/** Classes of the platform whose objects are more than their fields, by their tag. */
const uncloneable =
  /^\[object (Response|Request|Headers|FormData|URL|URLSearchParams|AbortController|AbortSignal|Event|EventTarget|TextDecoder|TextEncoder|ReadableStream|WritableStream|TransformStream|MessagePort)\]$/;

/** Transfers buffers, which are detached after the copy, and ports, each of which becomes another object. */
function transferAll(transfer: readonly unknown[], clones: Map<object, unknown>): ArrayBuffer[] {
  if (new Set(transfer).size !== transfer.length) refuse("A value is transferred twice.");
  const buffers: ArrayBuffer[] = [];
  for (const item of transfer) {
    const move: unknown = Reflect.get(Object(item), transferSymbol);
    if (item instanceof ArrayBuffer) {
      const { detached } = item as ArrayBuffer & { detached: boolean };
      if (detached) refuse("An ArrayBuffer is detached and could not be cloned.");
      buffers.push(item);
    } else if (typeof move === "function") clones.set(item as object, move.call(item));
    else refuse("Found invalid value in transferList");
  }
  return buffers;
}

/** A deep copy with the platform's rules; functions and symbols cannot be copied. */
export function structuredClone(value: unknown, options?: { transfer?: unknown[] }): unknown {
  const clones = new Map<object, unknown>();
  const buffers = transferAll([...(options?.transfer ?? [])], clones);
  const copy = clone(value, clones);
  for (const buffer of buffers) buffer.transfer();
  return copy;
}

function clone(value: unknown, clones: Map<object, unknown>): unknown {
  if (typeof value === "symbol" || typeof value === "function") {
    const description =
      typeof value === "symbol" ? String(value) : Function.prototype.toString.call(value);
    throw new DOMException(`${description} could not be cloned.`, "DataCloneError");
  }
  if (typeof value !== "object" || value === null) return value;
  const previous = clones.get(value);
  if (previous !== undefined) return previous;
  const remember = <T extends object>(copy: T): T => {
    clones.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy = remember(new Array(value.length));
    for (const key of Object.keys(value))
      Reflect.set(copy, key, clone(Reflect.get(value, key), clones));
    return copy;
  }
  if (value instanceof Date) return remember(new Date(value.getTime()));
  if (value instanceof RegExp) return remember(new RegExp(value.source, value.flags));
  if (value instanceof Map) {
    const copy = remember(new Map());
    for (const [key, entry] of value) copy.set(clone(key, clones), clone(entry, clones));
    return copy;
  }
  if (value instanceof Set) {
    const copy = remember(new Set());
    for (const entry of value) copy.add(clone(entry, clones));
    return copy;
  }
  if (value instanceof ArrayBuffer) return remember(value.slice(0));
  if (ArrayBuffer.isView(value)) return remember(cloneView(value, clones));
  for (const Wrapper of [Number, String, Boolean, BigInt]) {
    if (value instanceof Wrapper) return remember(Object(value.valueOf()));
  }
  if (value instanceof File) {
    const { name, type, lastModified } = value;
    return remember(new File([value], name, { type, lastModified }));
  }
  if (value instanceof Blob) return remember(new Blob([value], { type: value.type }));
  if (value instanceof Error) return remember(cloneError(value, clones));
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) {
    throw new DOMException(`${inspect(value)} could not be cloned.`, "DataCloneError");
  }
  if (uncloneable.test(Object.prototype.toString.call(value)))
    refuse("Cannot clone object of unsupported type.");
  const copy: Record<string, unknown> = remember({});
  for (const key of Object.keys(value)) copy[key] = clone(Reflect.get(value, key), clones);
  return copy;
}

function cloneView(value: ArrayBufferView, clones: Map<object, unknown>): object {
  const buffer = clone(value.buffer, clones) as ArrayBuffer;
  if (value instanceof DataView) return new DataView(buffer, value.byteOffset, value.byteLength);
  const names = [
    "Uint8Array",
    "Int8Array",
    "Uint8ClampedArray",
    "Uint16Array",
    "Int16Array",
    "Uint32Array",
    "Int32Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
  ];
  const name =
    names.find((className) => Reflect.get(value, Symbol.toStringTag) === className) ?? "Uint8Array";
  const maker = Reflect.get(globalThis, name) as Uint8ArrayConstructor;
  return new maker(buffer, value.byteOffset, (value as Uint8Array).length);
}

const makers: Record<string, ErrorConstructor> = {
  EvalError: EvalError as ErrorConstructor,
  RangeError: RangeError as ErrorConstructor,
  ReferenceError: ReferenceError as ErrorConstructor,
  SyntaxError: SyntaxError as ErrorConstructor,
  TypeError: TypeError as ErrorConstructor,
  URIError: URIError as ErrorConstructor,
};

function cloneError(error: Error, clones: Map<object, unknown>): Error {
  const maker = makers[error.name] ?? Error;
  const copy =
    "cause" in error
      ? new maker(error.message, { cause: clone(error.cause, clones) })
      : new maker(error.message);
  Object.defineProperty(copy, "stack", { value: error.stack, writable: true, configurable: true });
  return copy;
}

export function installClone(): void {
  define(globalThis, { structuredClone });
}
