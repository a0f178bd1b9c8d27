import { define } from "../bridge.ts";
import { installAtomics } from "./atomics.ts";
import { installStrings } from "./strings.ts";
import { installUsing } from "./using.ts";

/** Adds the parts of the language that the engine lacks. */
export function installLanguage(): void {
  installStrings();
  installUsing();
  if (!("Atomics" in globalThis)) installAtomics();
  define(Array, {
    async fromAsync(
      source: AsyncIterable<unknown> | Iterable<unknown>,
      map?: (value: unknown, index: number) => unknown,
      self?: unknown,
    ) {
      const list: unknown[] = [];
      const isIterable = Symbol.asyncIterator in source || Symbol.iterator in source;
      for await (const value of isIterable ? source : Array.from(source as ArrayLike<unknown>)) {
        list.push(map ? await map.call(self, value, list.length) : value);
      }
      return list;
    },
  });
  // The engine's own function returns a negative number unchanged if the width is a multiple of 64.
  const { asUintN } = BigInt;
  const wrapSigned = (bits: number, value: bigint): bigint => {
    const size = 1n << BigInt(bits);
    const rest = value % size;
    return rest < 0n ? rest + size : rest;
  };
  // The native function checks the width, for a value for which its result is correct.
  const widthOf = (bits: unknown, value: unknown): [width: number, value: bigint] => {
    const width = Math.trunc(Number(bits)) || 0;
    asUintN(width, 0n);
    return [width, typeof value === "bigint" ? value : bigOf(value)];
  };
  define(BigInt, {
    asUintN: (bits: unknown, value: unknown) => wrapSigned(...widthOf(bits, value)),
    asIntN(bits: unknown, value: unknown): bigint {
      const [width, given] = widthOf(bits, value);
      const rest = wrapSigned(width, given);
      return width > 0 && rest >> BigInt(width - 1) === 1n ? rest - (1n << BigInt(width)) : rest;
    },
  });
  // The clock is UTC; other engines also print the name of the time zone.
  for (const method of ["toString", "toTimeString"] as const) {
    const native = Date.prototype[method];
    define(Date.prototype, {
      [method](this: Date) {
        const text = native.call(this);
        return text.endsWith("GMT+0000") ? `${text} (Coordinated Universal Time)` : text;
      },
    });
  }
  keepWeakTargets();
  // Node 26 does not have this function, so a program must not find it here.
  Reflect.deleteProperty(Math, "sumPrecise");
}

/** The engine frees an unreferenced object at once; other engines keep a WeakRef's target until the job ends. */
function keepWeakTargets(): void {
  const targets: unknown[] = [];
  const keepAlive = (target: unknown): void => {
    if (targets.length === 0) void Promise.resolve().then(() => void targets.splice(0));
    targets.push(target);
  };
  const native = WeakRef;
  class KeptWeakRef<T extends WeakKey> extends native<T> {
    constructor(target: T) {
      super(target);
      keepAlive(target);
    }
    override deref(): T | undefined {
      const target = super.deref();
      if (target !== undefined) keepAlive(target);
      return target;
    }
  }
  Object.defineProperty(KeptWeakRef, "name", { value: "WeakRef" });
  define(globalThis, { WeakRef: KeptWeakRef });
}

/** A number is not a big integer by itself; what converts to one is. */
function bigOf(value: unknown): bigint {
  const primitive = Object(value) === value ? (value as { valueOf(): unknown }).valueOf() : value;
  if (typeof primitive === "number") throw new TypeError(`Cannot convert ${primitive} to a BigInt`);
  return BigInt(primitive as string);
}
