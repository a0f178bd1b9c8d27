/**
 * The inside of a text that is one code fence as a whole, of backticks or tildes and with any label;
 * else the text itself. A fence inside the text is left alone.
 */
export function withoutFence(text: string): string {
  const whole = text.trim();
  const mark = /^(`{3,40}|~{3,40})/.exec(whole)?.[1];
  const lineEnd = whole.indexOf("\n");
  if (mark === undefined || lineEnd === -1 || !whole.endsWith(mark)) return text;
  const label = whole.slice(mark.length, lineEnd).trim();
  const inner = whole.slice(lineEnd + 1, -mark.length);
  if (/[\s`]/.test(label)) return text;
  const closedBefore = inner.startsWith(mark) || inner.includes(`\n${mark}`);
  return closedBefore ? text : inner.replace(/\r?\n$/, "");
}
