/**
 * The inside of a text that is one code fence as a whole, of backticks or tildes and with any label;
 * else the text itself. A fence inside the text stays.
 */
export function withoutFence(text: string): string {
  const trimmed = text.trim();
  const mark = /^(`{3,40}|~{3,40})/.exec(trimmed)?.[1];
  const lineEnd = trimmed.indexOf("\n");
  if (mark === undefined || lineEnd === -1 || !trimmed.endsWith(mark)) return text;
  const label = trimmed.slice(mark.length, lineEnd).trim();
  const inner = trimmed.slice(lineEnd + 1, -mark.length);
  if (/[\s`]/.test(label)) return text;
  const closedBefore = inner.startsWith(mark) || inner.includes(`\n${mark}`);
  return closedBefore ? text : inner.replace(/\r?\n$/, "");
}

/** The insides of the closed fences of a text, in order; those without a label or labelled as JSON. */
export function jsonFences(text: string): string[] {
  const lines: string[] = [];
  let open: string[] | null = null;
  for (const line of text.split("\n")) {
    const label = /^\s{0,20}```(\w{0,20})\s{0,20}$/.exec(line)?.[1];
    if (open === null) {
      if (label === "" || label === "json") open = [];
    } else if (label === "") {
      lines.push(open.join("\n"));
      open = null;
    } else open.push(line);
  }
  return lines;
}
