/** Reads request bodies with a size limit that holds while they stream. Content-Length is only a hint. */
import { bodyLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
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
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) {
    return tooLarge(bytesMax, advice);
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of bodyChunks(request)) {
    total += part.byteLength;
    if (total > bytesMax) return tooLarge(bytesMax, advice);
    parts.push(part);
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return ok(bytes);
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

/** The offset of the first invalid sequence: a binary search for the longest valid prefix. */
function firstInvalidByte(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.byteLength;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isUtf8(bytes.subarray(0, middle + 1), true)) low = middle + 1;
    else high = middle;
  }
  while (low > 0 && !isUtf8(bytes.subarray(0, low), false)) low--;
  return low;
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
