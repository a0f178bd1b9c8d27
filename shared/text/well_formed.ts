/** Strings with half of a surrogate pair: JSON can hold them, strict readers of UTF-8 cannot. */

/** The path of the first such string or key; null where there is none. Goes level by level, whatever the depth. */
export function findIllFormed(value: unknown): string | null {
  const open: { value: unknown; path: string }[] = [{ value, path: "" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path } = next;
    if (typeof next.value === "string" && !next.value.isWellFormed()) return path;
    if (typeof next.value !== "object" || next.value === null) continue;
    const isList = Array.isArray(next.value);
    for (const [key, inner] of Object.entries(next.value)) {
      const place = isList
        ? `${path}[${key}]`
        : `${path === "" ? "" : `${path}.`}${key.toWellFormed()}`;
      if (!key.isWellFormed()) return place;
      open.push({ value: inner, path: place });
    }
  }
  return null;
}

/** The value with every such half replaced by U+FFFD. The caller has bounded the depth. */
export function toWellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(toWellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), toWellFormed(inner)]),
  );
}
