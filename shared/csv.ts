/** What both readers of CSV agree on. */

/** The ends of a line, in the order in which a parser must try them. */
export const csvLineEnds = ["\r\n", "\n", "\r"] as const;

/** The text without the `sep=;` line that Excel writes in front of the header. */
export function withoutSeparatorLine(text: string): string {
  const line = /^\ufeff?sep=[^\r\n]{1,4}(?:\r\n|\n|\r)/i.exec(text.slice(0, 20));
  return line === null ? text : text.slice(line[0].length);
}
