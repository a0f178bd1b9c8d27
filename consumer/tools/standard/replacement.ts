/**
 * One replacement in a text: exact, else with other whitespace, and never where more than one place
 * could be meant. Pieces are cut and joined, so that no `$&` of a model means anything.
 */

export type Replaced =
  | { ok: true; text: string; line: number; exact: boolean }
  | { ok: false; message: string };

const placesShownMax = 5;

/** The text keeps its own line breaks: those of `old` and `by` are written as the file writes them. */
export function replaceOnce(text: string, old: string, by: string): Replaced {
  if (old === "") return refused("`old` is empty. To write a whole file, use write_file.");
  if (old === by) return refused("`old` and `new` are the same.");
  const breakOf = lineBreakOf(text);
  const given = withBreaks(by, breakOf);
  for (const wanted of new Set([old, withBreaks(old, breakOf)])) {
    const places = placesOf(text, wanted);
    if (places.length > 1) return ambiguous(text, places);
    const [at] = places;
    if (at !== undefined) return cutIn(text, at, at + wanted.length, given, true);
  }
  return tolerant(text, old, by, breakOf);
}

/** Runs of spaces count as one, and so do runs of line breaks with the indentation around them. */
function tolerant(text: string, old: string, by: string, breakOf: string): Replaced {
  const wanted = folded(old).text.trim();
  if (wanted === "") return refused("`old` is not in the file.");
  const held = folded(text);
  const places = placesOf(held.text, wanted);
  if (places.length > 1) {
    return ambiguous(
      text,
      places.map((place) => held.from[place] ?? 0),
    );
  }
  const [place] = places;
  if (place === undefined) {
    return refused("`old` is not in the file. Read the file again and copy the piece from it.");
  }
  const start = held.from[place] ?? 0;
  const end = (held.from[place + wanted.length - 1] ?? 0) + 1;
  const indent = /[^\S\n]*$/.exec(text.slice(0, start))?.[0] ?? "";
  const meant = reindented(by.trim(), indentBefore(old), indent);
  return cutIn(text, start, end, withBreaks(meant, breakOf), false);
}

/** Lines after the first move from the indentation that the model thought of to the file's. */
function reindented(text: string, thought: string, indent: string): string {
  return text
    .split(/\r?\n/)
    .map((line, n) =>
      n > 0 && line.startsWith(thought) ? indent + line.slice(thought.length) : line,
    )
    .join("\n");
}

/** The spaces before a text's first character that is none. */
function indentBefore(text: string): string {
  return /(?:^|\n)([^\S\n]*)(?=\S)/.exec(text)?.[1] ?? "";
}

/** The text with each run of whitespace as one character, and where each character stands in it. */
function folded(text: string): { text: string; from: number[] } {
  const parts: string[] = [];
  const from: number[] = [];
  for (const run of text.matchAll(/(\s+)|\S+/g)) {
    if (run[1] !== undefined) {
      parts.push(run[1].includes("\n") ? "\n" : " ");
      from.push(run.index);
    } else {
      parts.push(run[0]);
      for (let n = 0; n < run[0].length; n++) from.push(run.index + n);
    }
  }
  return { text: parts.join(""), from };
}

/** Where a piece stands, overlaps included: "aa" stands twice in "aaa". */
function placesOf(text: string, piece: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + 1)) places.push(at);
  return places;
}

function cutIn(text: string, start: number, end: number, by: string, exact: boolean): Replaced {
  const whole = text.slice(0, start) + by + text.slice(end);
  return { ok: true, text: whole, line: lineAt(text, start), exact };
}

function ambiguous(text: string, places: readonly number[]): Replaced {
  const lines = places.slice(0, placesShownMax).map((at) => lineAt(text, at));
  const more = places.length > placesShownMax ? ", …" : "";
  const where = `at ${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")}${more}`;
  return refused(
    `\`old\` stands in the file ${places.length} times (${where}). Give more of the lines around the one you mean.`,
  );
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let n = text.indexOf("\n"); n !== -1 && n < at; n = text.indexOf("\n", n + 1)) line += 1;
  return line;
}

/** The line break that most lines of a text end with. */
function lineBreakOf(text: string): "\n" | "\r\n" {
  const pairs = placesOf(text, "\r\n").length;
  return pairs * 2 > placesOf(text, "\n").length ? "\r\n" : "\n";
}

const withBreaks = (text: string, breakOf: string): string => text.replace(/\r?\n/g, () => breakOf);

const refused = (message: string): Replaced => ({ ok: false, message });
