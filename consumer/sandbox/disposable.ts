/**
 * The value with a disposer for `using`. Stubs and answers of RPC hold a whole isolate until
 * they are disposed; what has no disposer of its own gets one that does nothing.
 */
export function disposable<T extends object>(value: T): T & Disposable {
  const dispose = (value as Partial<Disposable>)[Symbol.dispose];
  if (dispose !== undefined) return value as T & Disposable;
  return Object.assign(value, { [Symbol.dispose]: () => {} });
}
