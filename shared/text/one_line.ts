/** How many characters are read for each that is shown: the rest may be white space, which is joined. */
const readFactor = 16;

/** The text as one line of at most `charsMax` characters; a longer one ends in an ellipsis. */
export function oneLine(text: string, charsMax: number): string {
  const start = text.slice(0, readFactor * charsMax);
  const line = start.replace(/[\p{Cc}\s]+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= charsMax && start.length === text.length) return line;
  return characters.length < charsMax
    ? `${line}…`
    : `${characters.slice(0, charsMax - 1).join("")}…`;
}
