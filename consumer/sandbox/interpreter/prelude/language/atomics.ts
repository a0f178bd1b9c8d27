import { define } from "../bridge.ts";

type List = Record<number, number | bigint>;

/** Atomics for one thread: each operation is atomic, and no other thread can be waited for. */
export function installAtomics(): void {
  const change =
    (work: (before: never, value: never) => number | bigint) =>
    (list: List, index: number, value: number | bigint): number | bigint | undefined => {
      const before = list[index];
      list[index] = work(before as never, value as never);
      return before;
    };
  const atomics = {
    load: (list: List, index: number) => list[index],
    store: (list: List, index: number, value: number | bigint) => {
      list[index] = value;
      return value;
    },
    add: change((a: number, b: number) => a + b),
    sub: change((a: number, b: number) => a - b),
    and: change((a: number, b: number) => a & b),
    or: change((a: number, b: number) => a | b),
    xor: change((a: number, b: number) => a ^ b),
    exchange: change((_before, value) => value),
    compareExchange: (
      list: List,
      index: number,
      expected: number | bigint,
      value: number | bigint,
    ) => {
      const before = list[index];
      if (before === expected) list[index] = value;
      return before;
    },
    isLockFree: () => true,
    notify: () => 0,
  };
  define(globalThis, { Atomics: {} });
  define(Reflect.get(globalThis, "Atomics"), atomics);
}
