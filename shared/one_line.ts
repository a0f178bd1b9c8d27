/** Text of strangers that stands in a prompt beside our own: one bounded line, without the tokens of chat templates. */
export function oneLine(text: unknown, charsMax: number): string {
  if (typeof text !== "string") return "";
  const plain = text
    .slice(0, 4 * charsMax)
    .toWellFormed()
    .replace(/<\|[^|>]*\|?>|<\/?s>|\[\/?INST\]/gi, " ")
    .replace(/[\p{C}\p{Z}\s]+/gu, " ")
    .trim();
  return plain.length <= charsMax ? plain : `${plain.slice(0, charsMax - 1).toWellFormed()}…`;
}
