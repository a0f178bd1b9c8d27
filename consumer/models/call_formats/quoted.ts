export interface Span {
  start: number;
  end: number;
}

/**
 * The parts of a text that quote: code fences of every kind (an open one to the end), block quotes,
 * indented code, and inline code. One pass over the lines, linear in the text.
 */
export function quotedSpans(text: string): Span[] {
  const spans: Span[] = [];
  let fence: { mark: string; start: number } | null = null;
  let blank = true;
  let inCode = false;
  for (let at = 0; at < text.length; ) {
    const breakAt = text.indexOf("\n", at);
    const end = breakAt === -1 ? text.length : breakAt + 1;
    const line = text.slice(at, end);
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line.slice(0, 40))?.[1];
    if (fence !== null) {
      const closes = mark?.startsWith(fence.mark) === true && line.trim() === mark;
      if (closes) {
        spans.push({ start: fence.start, end });
        fence = null;
      }
    } else if (mark !== undefined) {
      fence = { mark, start: at };
      inCode = false;
    } else {
      const indented: boolean = /^(?: {4}|\t)/.test(line) && (blank || inCode);
      inCode = indented && line.trim() !== "" ? true : inCode && line.trim() === "";
      if (indented || /^ {0,3}>/.test(line)) spans.push({ start: at, end });
      else spans.push(...inlineCode(line, at));
    }
    blank = line.trim() === "";
    at = end;
  }
  if (fence !== null) spans.push({ start: fence.start, end: text.length });
  return spans;
}

/** Runs of backticks of one length on both sides. */
function inlineCode(line: string, offset: number): Span[] {
  const spans: Span[] = [];
  const runs = [...line.matchAll(/`+/g)];
  // Where the next run of each length is, read from the end.
  const nextOf = new Map<number, number>();
  const closes = runs.map(() => -1);
  for (let index = runs.length - 1; index >= 0; index -= 1) {
    const { length } = runs[index]?.[0] ?? "";
    closes[index] = nextOf.get(length) ?? -1;
    nextOf.set(length, index);
  }
  for (let index = 0; index < runs.length; index += 1) {
    const open = runs[index];
    const close = runs[closes[index] ?? -1];
    if (open === undefined || close === undefined) continue;
    spans.push({ start: offset + open.index, end: offset + close.index + close[0].length });
    index = closes[index] ?? index;
  }
  return spans;
}

/** Whether one of the spans, which are in order and disjoint, holds this index. */
export function isCovered(spans: readonly Span[], at: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.end ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const found = spans[low];
  return found !== undefined && found.start <= at;
}
