/** Deep equality as node:assert's strict mode and util.isDeepStrictEqual mean it. */
export function isDeepStrictEqual(
  a: unknown,
  b: unknown,
  pairs: [unknown, unknown][] = [],
): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (pairs.some(([x, y]) => x === a && y === b)) return true;
  const inner: [unknown, unknown][] = [...pairs, [a, b]];
  const same = (x: unknown, y: unknown): boolean => isDeepStrictEqual(x, y, inner);
  if (a instanceof Date) return a.getTime() === (b as Date).getTime();
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error) {
    const other = b as Error;
    if (a.name !== other.name || a.message !== other.message) return false;
  }
  if (a instanceof Number || a instanceof String || a instanceof Boolean) {
    if (!Object.is(a.valueOf(), b.valueOf())) return false;
  }
  if (a instanceof Map) {
    const other = b as Map<unknown, unknown>;
    if (a.size !== other.size) return false;
    return [...a].every(([key, value]) => {
      if (other.has(key)) return same(value, other.get(key));
      return [...other].some(
        ([otherKey, otherValue]) => same(key, otherKey) && same(value, otherValue),
      );
    });
  }
  if (a instanceof Set) {
    const other = b as Set<unknown>;
    return (
      a.size === other.size &&
      [...a].every((value) => other.has(value) || [...other].some((one) => same(value, one)))
    );
  }
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)),
  );
}
