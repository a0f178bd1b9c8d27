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
  for (let position = 0; position < text.length; ) {
    const breakAt = text.indexOf("\n", position);
    const end = breakAt === -1 ? text.length : breakAt + 1;
    const line = text.slice(position, end);
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line.slice(0, 40))?.[1];
    if (fence !== null) {
      const closes = mark?.startsWith(fence.mark) === true && line.trim() === mark;
      if (closes) {
        spans.push({ start: fence.start, end });
        fence = null;
      }
    } else if (mark !== undefined) {
      fence = { mark, start: position };
      inCode = false;
    } else {
      const isIndented: boolean = /^(?: {4}|\t)/.test(line) && (blank || inCode);
      inCode = isIndented && line.trim() !== "" ? true : inCode && line.trim() === "";
      if (isIndented || /^ {0,3}>/.test(line)) spans.push({ start: position, end });
      else spans.push(...inlineCode(line, position));
    }
    blank = line.trim() === "";
    position = end;
  }
  if (fence !== null) spans.push({ start: fence.start, end: text.length });
  return spans;
}

/** The spans between two runs of equally many backticks. */
function inlineCode(line: string, offset: number): Span[] {
  if (!line.includes("`")) return [];
  const spans: Span[] = [];
  const runs = [...line.matchAll(/`+/g)];
  // For each length, the index of the next run with it; filled from the end of the line.
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
export function isCovered(spans: readonly Span[], position: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.end ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span !== undefined && span.start <= position;
}
