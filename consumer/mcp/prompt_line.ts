/** Makes text of a third party safe for the prompt: one bounded line without the tokens of chat templates. */
import { oneLine } from "../../shared/text/one_line.ts";

export function promptLine(text: unknown, charsMax: number): string {
  if (typeof text !== "string") return "";
  const plainText = text
    .slice(0, 4 * charsMax)
    .toWellFormed()
    .replace(/<\|[^|>]*\|?>|<\/?s>|\[\/?INST\]/gi, " ")
    .replace(/[\p{C}\p{Z}]+/gu, " ");
  return oneLine(plainText, charsMax);
}
