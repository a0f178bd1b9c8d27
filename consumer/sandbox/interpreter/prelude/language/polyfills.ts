import { define } from "../bridge.ts";
import { installAtomics } from "./atomics.ts";
import { installFunctions } from "./functions.ts";
import { installStrings } from "./strings.ts";
import { installUsing } from "./using.ts";

/** Adds the parts of the language that the engine lacks. */
export function installLanguage(): void {
  installFunctions();
  installStrings();
  installUsing();
  if (!("Atomics" in globalThis)) installAtomics();
  installFromAsync();
  installBigIntWidths();
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

/** Reads each property once, in the order that the language specifies. */
function installFromAsync(): void {
  define(Array, {
    async fromAsync(source: object, ...given: unknown[]) {
      const [map, self] = given;
      if (map !== undefined && typeof map !== "function")
        throw new TypeError(`${String(map)} is not a function`);
      const list: unknown[] = [];
      const add = async (value: unknown): Promise<void> => {
        list.push(map === undefined ? value : await map.call(self, value, list.length));
      };
      const items = Object(source) as Record<PropertyKey, unknown>;
      const asyncMethod = items[Symbol.asyncIterator] ?? undefined;
      const method = asyncMethod === undefined ? (items[Symbol.iterator] ?? undefined) : undefined;
      if (asyncMethod === undefined && method === undefined) {
        const length = Math.max(Math.trunc(Number(items.length)) || 0, 0);
        for (let index = 0; index < length; index += 1) await add(await items[index]);
        return list;
      }
      const iterable = (
        asyncMethod === undefined
          ? { [Symbol.iterator]: () => (method as () => unknown).call(source) }
          : { [Symbol.asyncIterator]: () => (asyncMethod as () => unknown).call(source) }
      ) as AsyncIterable<unknown>;
      for await (const value of iterable) await add(value);
      return list;
    },
  });
}

/** The engine's own function returns a negative number unchanged if the width is a multiple of 64. */
function installBigIntWidths(): void {
  const { asUintN } = BigInt;
  const wrap = (width: number, value: bigint): bigint => {
    const size = 1n << BigInt(width);
    const rest = value % size;
    return rest < 0n ? rest + size : rest;
  };
  // The native function checks the width, with a value for which its result is right.
  const widthOf = (bits: unknown): number => {
    const width = Math.trunc(bits as number) || 0;
    asUintN(width, 0n);
    return width;
  };
  define(BigInt, {
    asUintN(bits: unknown, value: unknown): bigint {
      const width = widthOf(bits);
      return wrap(width, bigOf(value));
    },
    asIntN(bits: unknown, value: unknown): bigint {
      const width = widthOf(bits);
      const rest = wrap(width, bigOf(value));
      return width > 0 && rest >> BigInt(width - 1) === 1n ? rest - (1n << BigInt(width)) : rest;
    },
  });
}

/** A number is not a big integer by itself; what converts to one is. */
function bigOf(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  const primitive = Object(value) === value ? primitiveOf(value as object) : value;
  if (typeof primitive === "number") throw new TypeError(`Cannot convert ${primitive} to a BigInt`);
  return BigInt(primitive as string);
}

function primitiveOf(value: object): unknown {
  const own: unknown = Reflect.get(value, Symbol.toPrimitive);
  const methods =
    own === undefined || own === null
      ? ["valueOf", "toString"].map((name) => () => {
          const method: unknown = Reflect.get(value, name);
          return typeof method === "function" ? method.call(value) : value;
        })
      : [() => (own as (hint: string) => unknown).call(value, "number")];
  for (const method of methods) {
    const primitive = method();
    if (Object(primitive) !== primitive) return primitive;
  }
  throw new TypeError("Cannot convert object to primitive value");
}
