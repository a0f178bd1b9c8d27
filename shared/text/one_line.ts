/** The text as one line of at most `charsMax` characters; a longer one ends in an ellipsis. */
export function oneLine(text: string, charsMax: number): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  const characters = [...line];
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join("")}…`;
}
