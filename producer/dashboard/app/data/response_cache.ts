/** The latest response of each path, so that going back to a page shows something at once. */
interface CachedResponse {
  text: string;
  value: unknown;
  /** Milliseconds since 1970. */
  at: number;
}

const responses = new Map<string, CachedResponse>();
const responsesMax = 40;

export const clearCache = (): void => responses.clear();

export const cachedResponse = (path: string): CachedResponse | undefined => responses.get(path);

/** Returns whether the value differs from the cached one. */
export function cacheResponse(path: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  const hasChanged = responses.get(path)?.text !== text;
  responses.delete(path);
  responses.set(path, { text, value, at: Date.now() });
  const [oldest] = responses.keys();
  if (responses.size > responsesMax && oldest !== undefined) responses.delete(oldest);
  return hasChanged;
}
