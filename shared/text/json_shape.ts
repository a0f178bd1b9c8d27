/** The shape of a JSON text, counted before anything is allocated for it. Also works on invalid JSON. */
export interface JsonShape {
  /** The deepest nesting of brackets outside strings. */
  depth: number;
  /** Lists, objects and separators: at least as many as the values that a parser would allocate, keys apart. */
  values: number;
}

const backslash = 0x5c;
const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

export function jsonShape(text: string): JsonShape {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let isInString = false;
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (isInString) {
      if (code === backslash) position++;
      else if (code === quote) isInString = false;
    } else if (code === quote) isInString = true;
    else if (code === comma) values++;
    else if (code === openBrace || code === openBracket) {
      values++;
      deepest = Math.max(deepest, ++depth);
    } else if (code === closeBrace || code === closeBracket) depth--;
  }
  return { depth: deepest, values };
}
