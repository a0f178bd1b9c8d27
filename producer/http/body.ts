/** Reads request bodies with a size limit that holds while they stream. Content-Length is only a hint. */
import { bodyLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { ByteCollector } from "../../shared/text/byte_collector.ts";
import { parseJson } from "./json_text.ts";
import type { Problem } from "./problem.ts";

/** The bare media type of a request, in lower case; "" without one. */
export function mediaType(request: Request): string {
  const header = request.headers.get("content-type") ?? "";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

export function unsupportedType(
  request: Request,
  allowedTypes: readonly string[],
): Result<never, Problem> {
  const sentType = mediaType(request);
  return err({
    kind: "unsupported_media_type",
    message: `unsupported content type ${sentType === "" ? "(none)" : JSON.stringify(sentType)} or compressed body: send ${allowedTypes.join(" or ")}, uncompressed`,
  });
}

export const isUncompressed = (request: Request): boolean =>
  (request.headers.get("content-encoding") ?? "identity").toLowerCase() === "identity";

export const tooLarge = (bytesMax: number, advice: string): Result<never, Problem> =>
  err({
    kind: "too_large",
    message: `the body is larger than ${bytesMax.toLocaleString("en")} bytes: ${advice}`,
  });

const uploadAdvice =
  'upload large files with PUT /v1/inputs/<key> and use them in "files" as {"r2": "<key>"}';

/** A reader that stops early leaves the rest for `discardRest`. */
export function bodyChunks(request: Request): AsyncIterable<Uint8Array> {
  const body: ReadableStream<Uint8Array> = request.body ?? new Blob([]).stream();
  return body.values({ preventCancel: true });
}

/**
 * Discards the rest of a rejected body, up to limits of time and size: most clients read the response only
 * after they have sent everything, and an earlier end would break their connection.
 */
export async function discardRest(request: Request): Promise<void> {
  if (request.body === null || request.body.locked) return;
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), bodyLimits.discardMsMax);
  });
  try {
    for (let bytes = 0; bytes < bodyLimits.discardBytesMax; ) {
      const part = await Promise.race([reader.read(), enough]);
      if (part === null || part.done) return;
      bytes += part.value.byteLength;
    }
  } catch {
    // The client has disconnected.
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body. Stops as soon as more than `bytesMax` bytes have arrived. */
export async function readBytes(
  request: Request,
  bytesMax: number,
  advice: string = uploadAdvice,
): Promise<Result<Uint8Array, Problem>> {
  const announced = Number(request.headers.get("content-length") ?? bodyLimits.firstBufferBytes);
  if (announced > bytesMax) return tooLarge(bytesMax, advice);
  const collector = new ByteCollector(Number.isInteger(announced) ? Math.max(0, announced) : 0);
  for await (const part of bodyChunks(request)) {
    if (collector.size + part.byteLength > bytesMax) return tooLarge(bytesMax, advice);
    collector.add(part);
  }
  return ok(collector.take());
}

const strictUtf8 = { fatal: true, ignoreBOM: false } as const;
const decoder = new TextDecoder("utf-8", strictUtf8);

export function decodeText(bytes: Uint8Array): Result<string, Problem> {
  try {
    return ok(decoder.decode(bytes));
  } catch {
    const message = `invalid UTF-8 at byte ${firstInvalidByte(bytes)}: encode the body as UTF-8`;
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
}

const searchedBytes = 1_024;

/** The offset of the first invalid sequence: the part that has it is found first, then the byte. */
function firstInvalidByte(bytes: Uint8Array): number {
  const stream = new TextDecoder("utf-8", strictUtf8);
  let from = 0;
  try {
    for (; from < bytes.byteLength; from += searchedBytes) {
      stream.decode(bytes.subarray(from, from + searchedBytes), { stream: true });
    }
  } catch {
    // The invalid bytes are in this part, or begin in the last three bytes of the part before.
  }
  let start = Math.max(0, from - 3);
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const end = Math.min(bytes.byteLength, from + searchedBytes);
  let valid = start;
  for (let length = 1; start + length <= end; length += 1) {
    const part = bytes.subarray(start, start + length);
    if (!isUtf8(part, true)) break;
    if (isUtf8(part, false)) valid = start + length;
  }
  return valid;
}

/** With `allowPartial`, an incomplete sequence at the end is valid. */
function isUtf8(bytes: Uint8Array, allowPartial: boolean): boolean {
  try {
    new TextDecoder("utf-8", strictUtf8).decode(bytes, { stream: allowPartial });
    return true;
  } catch {
    return false;
  }
}

/** An empty body has the value `emptyIs`, if there is one. */
export async function readJson(
  request: Request,
  limits: { bytesMax: number; depthMax?: number; emptyIs?: unknown },
): Promise<Result<unknown, Problem>> {
  const bytes = await readBytes(request, limits.bytesMax);
  if (!bytes.ok) return bytes;
  if (bytes.value.byteLength === 0 && limits.emptyIs !== undefined) return ok(limits.emptyIs);
  if (mediaType(request) !== "application/json" || !isUncompressed(request)) {
    return unsupportedType(request, ["application/json"]);
  }
  const text = decodeText(bytes.value);
  if (!text.ok) return text;
  return parseJson(text.value, limits.depthMax ?? taskLimits.jsonDepthMax);
}
