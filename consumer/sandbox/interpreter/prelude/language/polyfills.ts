import { define } from "../bridge.ts";

/** What the engine lacks of the language as other engines have it. */
export function installPolyfills(): void {
  define(Array, {
    async fromAsync(
      source: AsyncIterable<unknown> | Iterable<unknown>,
      map?: (value: unknown, at: number) => unknown,
    ) {
      const list: unknown[] = [];
      const isIterable = Symbol.asyncIterator in source || Symbol.iterator in source;
      for await (const value of isIterable ? source : Array.from(source as ArrayLike<unknown>)) {
        list.push(map ? await map(value, list.length) : value);
      }
      return list;
    },
  });
  // The engine's own answers a negative number unchanged where the width is a whole number of words.
  const unsigned = (bits: number, value: bigint): bigint => {
    const size = 1n << BigInt(bits);
    const rest = BigInt(value) % size;
    return rest < 0n ? rest + size : rest;
  };
  define(BigInt, {
    asUintN: unsigned,
    asIntN(bits: number, value: bigint): bigint {
      const rest = unsigned(bits, value);
      return bits > 0 && rest >> BigInt(bits - 1) === 1n ? rest - (1n << BigInt(bits)) : rest;
    },
  });
  if (!("captureStackTrace" in Error)) {
    define(Error, {
      captureStackTrace(target: object) {
        const { stack } = new Error("");
        Object.defineProperty(target, "stack", {
          value: stack,
          writable: true,
          configurable: true,
        });
      },
      stackTraceLimit: 10,
    });
  }
  // The clock is UTC, whose name other engines write out.
  for (const method of ["toString", "toTimeString"] as const) {
    const native = Date.prototype[method];
    define(Date.prototype, {
      [method](this: Date) {
        const text = native.call(this);
        return text.endsWith("GMT+0000") ? `${text} (Coordinated Universal Time)` : text;
      },
    });
  }
}
