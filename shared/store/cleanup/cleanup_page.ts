/** `found` may be removed. `last` is the last key that was read; null at the end. */
export interface CleanupPage<T> {
  found: T[];
  last: string | null;
}

export function cleanupPageOf<T extends { id: string; old: number }>(
  rows: T[],
  size: number,
): CleanupPage<T> {
  const last = rows.length < size ? null : (rows.at(-1)?.id ?? null);
  return { found: rows.filter(({ old }) => old === 1), last };
}
