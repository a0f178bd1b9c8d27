/** Texts, keys and numbers as Node's console shows them. */

const escapes: Record<string, string> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
};

/** Control characters, the backslash, and halves of surrogate pairs. */
const unprintable = new RegExp(
  "[\\u0000-\\u001f\\u007f-\\u009f\\\\]" +
    "|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]",
  "g",
);

/** Quotes with the first of ', " and ` that the text does not hold. */
export function quote(text: string): string {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes("`") && !text.includes("${")) mark = "`";
  }
  const inner = text.replace(unprintable, (character) => {
    const short = escapes[character];
    if (short) return short;
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
  return mark + (mark === "'" ? inner.replaceAll("'", "\\'") : inner) + mark;
}

export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

export function keyText(key: string): string {
  return /^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key) ? key : quote(key);
}

/** A string inside a structure; long ones with line breaks become several joined literals. */
export function formatText(
  layout: { indentation: number; breakLength: number },
  text: string,
  charactersMax: number,
  isTop: boolean,
): string {
  let shown = text;
  let rest = "";
  if (shown.length > charactersMax) {
    const left = shown.length - charactersMax;
    shown = shown.slice(0, charactersMax);
    rest = `... ${left} more character${left > 1 ? "s" : ""}`;
  }
  const isLong = shown.length > 16 && shown.length > layout.breakLength - layout.indentation - 4;
  if (!isTop && isLong && shown.includes("\n")) {
    const lines = shown.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    return lines.map(quote).join(` +\n${" ".repeat(layout.indentation + 2)}`) + rest;
  }
  return quote(shown) + rest;
}
