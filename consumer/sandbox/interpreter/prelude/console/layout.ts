/** How entries are put on lines, as Node's console does it. */
export interface Layout {
  breakLength: number;
  /** How many inner levels may share a line. */
  compact: number;
  indentation: number;
  /** The level of the object formatted last, which tells how deep the entries nest. */
  deepest: number;
  itemsMax: number;
}

/** Lists of more than six entries become columns of equal width. */
export function arrange(
  layout: Layout,
  entries: string[],
  isList: boolean,
  source: readonly unknown[] | undefined,
): string[] {
  if (!isList || entries.length <= 6 || layout.compact < 1) return entries;
  const hasRest = layout.itemsMax < entries.length;
  const count = hasRest ? entries.length - 1 : entries.length;
  const gap = 2;
  const widths = entries.slice(0, count).map(width);
  const widest = Math.max(...widths) + gap;
  const total = widths.reduce((sum, one) => sum + one + gap, 0);
  const fits = widest * 3 + layout.indentation < layout.breakLength;
  if (!fits || (total / widest <= 5 && widest - gap > 6)) return entries;

  // A character is about two and a half times as high as wide: aim at a square block.
  const bias = Math.max(widest - 3 - Math.sqrt(widest - total / entries.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * bias * count) / bias),
    Math.floor((layout.breakLength - layout.indentation) / widest),
    layout.compact * 4,
    15,
  );
  if (columns <= 1) return entries;
  const columnWidths = Array.from({ length: columns }, (_unused, column) => {
    let most = 0;
    for (let at = column; at < count; at += columns) most = Math.max(most, widths[at] ?? 0);
    return most + gap;
  });
  const alignRight =
    source?.every((value) => typeof value === "number" || typeof value === "bigint") ?? false;
  const rows: string[] = [];
  for (let start = 0; start < count; start += columns) {
    const end = Math.min(start + columns, count);
    let row = "";
    for (let at = start; at < end; at += 1) {
      const isLast = at === end - 1;
      const text = (entries[at] ?? "") + (isLast ? "" : ", ");
      const room = (columnWidths[at - start] ?? 0) - (isLast ? gap : 0);
      const padding = " ".repeat(Math.max(0, room - width(text)));
      row += alignRight ? padding + text : isLast ? text : text + padding;
    }
    rows.push(row);
  }
  if (hasRest) rows.push(entries[count] ?? "");
  return rows;
}

/** One line where the entries are few, shallow and short; else one entry a line. */
export function reduce(
  layout: Layout,
  rows: string[],
  entries: number,
  frame: { base: string; open: string; close: string; level: number },
): string {
  const lead = frame.base ? `${frame.base} ` : "";
  const head = frame.base ? `${frame.open}` : frame.open;
  if (rows.length === 0) return `${lead}${head}${frame.close}`;
  if (layout.deepest - frame.level < layout.compact && entries === rows.length) {
    const start = rows.length + layout.indentation + frame.open.length + frame.base.length + 10;
    const total = rows.reduce((sum, row) => sum + row.length, rows.length + start);
    if (total <= layout.breakLength && !frame.base.includes("\n")) {
      const joined = rows.join(", ");
      if (!joined.includes("\n")) return `${lead}${head} ${joined} ${frame.close}`;
    }
  }
  const indent = `\n${" ".repeat(layout.indentation)}`;
  return `${lead}${head}${indent}  ${rows.join(`,${indent}  `)}${indent}${frame.close}`;
}

/** Columns that a text takes: wide characters take two, combining ones none. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text.normalize("NFC")) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || /^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character))
      continue;
    columns += isWide(code) ? 2 : 1;
  }
  return columns;
}

function isWide(code: number): boolean {
  return (
    code >= 0x1100 &&
    (code <= 0x115f ||
      (code >= 0x2e80 && code <= 0x3247) ||
      (code >= 0x3250 && code <= 0x4dbf) ||
      (code >= 0x4e00 && code <= 0xa4c6) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6b) ||
      (code >= 0xff01 && code <= 0xff60) ||
      (code >= 0xffe0 && code <= 0xffe6) ||
      (code >= 0x1f300 && code <= 0x1f64f) ||
      (code >= 0x1f900 && code <= 0x1f9ff) ||
      (code >= 0x20000 && code <= 0x3fffd))
  );
}
