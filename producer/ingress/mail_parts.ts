/** Reads an untrusted mail. What its parser would allocate is bounded by the lines that it reads, before it reads them. */
import PostalMime, { type Email } from "postal-mime";
import { mailLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { ByteCollector } from "../../shared/text/byte_collector.ts";

const newline = 0x0a;
const carriageReturn = 0x0d;
const dash = 0x2d;

/** Err with a sentence for the sender. Rejects only if the stream does. */
export async function readMail(
  raw: ReadableStream<Uint8Array>,
  sizeHint: number,
): Promise<Result<Email, string>> {
  if (sizeHint > mailLimits.bytesMax) return err(tooLong);
  const collector = new ByteCollector(sizeHint);
  for await (const part of raw) {
    if (collector.size + part.byteLength > mailLimits.bytesMax) return err(tooLong);
    collector.add(part);
  }
  const bytes = collector.take();
  // Shortened in place: the parser would copy a part of a buffer.
  const buffer = bytes.buffer.transfer(joinBase64Lines(bytes));
  const fault = findExcess(new Uint8Array(buffer));
  if (fault !== null) return err(fault);
  try {
    const mail = await PostalMime.parse(buffer, {
      attachmentEncoding: "arraybuffer",
      maxNestingDepth: mailLimits.nestingMax,
      maxHeadersSize: mailLimits.headerBytesMax,
    });
    return ok(mail);
  } catch (error) {
    return err(`the mail cannot be read: ${error instanceof Error ? error.message : "unknown"}`);
  }
}

const tooLong = `the mail is too large; the maximum is ${mailLimits.bytesMax} bytes`;

/**
 * Long attachments without the breaks between their lines, which say nothing in base64: the parser needs far
 * more than a line's size for each line. The first lines of a run keep theirs, since text may hold a key.
 * Returns the new length.
 */
function joinBase64Lines(bytes: Uint8Array): number {
  let size = 0;
  let run = 0;
  for (let from = 0; from < bytes.byteLength; ) {
    const found = bytes.indexOf(newline, from);
    const end = found === -1 ? bytes.byteLength : found + 1;
    const textEnd = found > from && bytes[found - 1] === carriageReturn ? found - 1 : end;
    run = isBase64Line(bytes, from, textEnd) ? run + 1 : 0;
    const isJoined = run > mailLimits.base64LinesKept && run % mailLimits.base64LinesJoined !== 0;
    const to = isJoined ? textEnd : end;
    if (size !== from) bytes.copyWithin(size, from, to);
    size += to - from;
    from = end;
  }
  return size;
}

function isBase64Line(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from < 60 || end - from > 100) return false;
  for (let at = from; at < end; at++) {
    if (!isBase64[bytes[at] ?? 0]) return false;
  }
  return true;
}

const isBase64: readonly boolean[] = Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9+/]/.test(String.fromCharCode(code)),
);

/** A line that starts with two dashes may start a part, and each part is an object with headers of its own. */
function findExcess(bytes: Uint8Array): string | null {
  let lines = 0;
  let dashLines = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) {
    lines += 1;
    if (bytes[at + 1] === dash && bytes[at + 2] === dash) dashLines += 1;
    if (lines > mailLimits.linesMax)
      return `the mail has more than ${mailLimits.linesMax} lines: attach long text as a file`;
    if (dashLines > mailLimits.dashLinesMax)
      return `the mail has more than ${mailLimits.dashLinesMax} parts: send fewer attachments`;
  }
  return null;
}
