/** Text of a response in whichever charset it has. */
export interface DecodedText {
  text: string;
  /** What could not be read, for the model; null where all could. */
  problem: string | null;
}

const sniffedBytes = 1_024;

/** A byte order mark wins, then the header's charset, then the page's own `<meta>`, then UTF-8. */
export function decodeText(body: Uint8Array, contentType: string): DecodedText {
  const label =
    charsetOfMark(body) ?? charsetOfHeader(contentType) ?? charsetOfPage(body, contentType);
  const charset = label ?? "utf-8";
  const decoder = decoderFor(charset);
  if (decoder !== null) return { text: decoder.decode(body), problem: null };
  const problem = `The body is text in the charset ${JSON.stringify(charset)}, which cannot be read here.`;
  return { text: "", problem };
}

function decoderFor(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label);
  } catch {
    return null;
  }
}

function charsetOfMark(body: Uint8Array): string | null {
  const [first, second, third] = body;
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : null;
}

const charsetIn = (text: string): string | null =>
  /charset\s{0,8}=\s{0,8}["']?([\w:.-]{1,40})/i.exec(text)?.[1] ?? null;

const charsetOfHeader = (contentType: string): string | null =>
  charsetIn(contentType.slice(0, 500));

function charsetOfPage(body: Uint8Array, contentType: string): string | null {
  if (!/html|xml/i.test(contentType)) return null;
  const head = new TextDecoder("latin1").decode(body.slice(0, sniffedBytes));
  const meta = /<meta[^>]{0,200}>/gi;
  for (const [tag] of head.matchAll(meta)) {
    const charset = charsetIn(tag);
    if (charset !== null) return charset;
  }
  return /^\s{0,8}<\?xml[^>]{0,100}encoding=["']([\w:.-]{1,40})/i.exec(head)?.[1] ?? null;
}
