/** JSON values as they arrive: guards and readers that never throw. */
export type Json = Record<string, unknown>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parsed value, or undefined where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The parsed object, or undefined where the text is not JSON or not an object. */
export function parseRecord(text: string): Json | undefined {
  const value = parseJson(text);
  return isRecord(value) ? value : undefined;
}

export function stringAt(record: Json, ...keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = record[key];
    if (typeof value === "string") return value;
  }
  return null;
}

/**
 * Whether arrays and objects nest deeper than so many levels. Goes level by level: code that walks a value
 * recursively breaks at a few thousand, and a model can nest more in one reply.
 */
export function nestsBeyond(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const inner = level.filter((each) => typeof each === "object" && each !== null);
    if (inner.length > 0 && depth >= levels) return true;
    level = inner.flatMap((each) => Object.values(each as object) as unknown[]);
  }
  return false;
}
