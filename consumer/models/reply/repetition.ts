import { modelLimits } from "../../../shared/limits.ts";

/**
 * True where a text ends in one piece repeated over and over: the model has lost itself,
 * and what it says is worth nothing. Short pieces only, because long ones are quotations.
 */
export function repeatsItself(text: string): boolean {
  const { repeatedCharsMin, repeatedPieceCharsMax } = modelLimits;
  if (text.length < repeatedCharsMin + repeatedPieceCharsMax) return false;
  for (let period = 1; period <= repeatedPieceCharsMax; period += 1) {
    let repeats = 0;
    for (
      let index = text.length - 1;
      index >= period && text[index] === text[index - period];
      index -= 1
    ) {
      repeats += 1;
      if (repeats >= repeatedCharsMin) return true;
    }
  }
  return false;
}
