/** Converts a value that a program sent to a text of bounded length. */
export function textOf(value: unknown, charsMax: number, label: string): string {
  const text = typeof value === "string" ? value : String(value ?? "");
  if (text.length <= charsMax) return text;
  throw new RangeError(`${label} is longer than ${charsMax} characters.`);
}
