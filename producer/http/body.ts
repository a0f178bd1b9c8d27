/** Reads request bodies: bounded while they stream, as UTF-8, as JSON. Content-Length is only a hint. */
import { bodyLimits, taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { parseJson } from "./json_text.ts";
import type { Problem } from "./problem.ts";

/** The bare media type of a request, in lower case; "" without one. */
export function mediaType(request: Request): string {
  const header = request.headers.get("content-type") ?? "";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

export function wrongType(request: Request, allowed: readonly string[]): Result<never, Problem> {
  const sent = mediaType(request);
  return err({
    kind: "unsupported_media_type",
    message: `send content-type: ${allowed.join(" or ")}, uncompressed, instead of ${sent === "" ? "none" : JSON.stringify(sent)}`,
  });
}

export const isPlain = (request: Request): boolean =>
  (request.headers.get("content-encoding") ?? "identity").toLowerCase() === "identity";

export const tooLarge = (bytesMax: number, instead: string): Result<never, Problem> =>
  err({
    kind: "too_large",
    message: `the body is over ${bytesMax.toLocaleString("en")} bytes: ${instead}`,
  });

const largeInputs =
  'upload large files with PUT /v1/inputs/<key> and name them in "files" as {"r2": "<key>"}';

/** The body as it arrives. A reader that stops early leaves the rest for `discardRest`. */
export function bodyChunks(request: Request): AsyncIterable<Uint8Array> {
  const body: ReadableStream<Uint8Array> = request.body ?? new Blob([]).stream();
  return body.values({ preventCancel: true });
}

/**
 * Reads on after a refusal, for a short while and without keeping anything: most clients look for an
 * answer only once they have sent everything, and closing earlier would cut the connection under them.
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
    // The client went away; there is nobody left to answer.
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body, at most `bytesMax`; what is longer is refused as soon as that shows. */
export async function readBytes(
  request: Request,
  bytesMax: number,
  instead: string = largeInputs,
): Promise<Result<Uint8Array, Problem>> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) {
    return tooLarge(bytesMax, instead);
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of bodyChunks(request)) {
    total += part.byteLength;
    if (total > bytesMax) return tooLarge(bytesMax, instead);
    parts.push(part);
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return ok(bytes);
}

const strictUtf8 = { fatal: true, ignoreBOM: false } as const;
const decoder = new TextDecoder("utf-8", strictUtf8);

/** Text, or the offset of the first byte that is not UTF-8. */
export function decodeText(bytes: Uint8Array): Result<string, Problem> {
  try {
    return ok(decoder.decode(bytes));
  } catch {
    const message = `not UTF-8 at byte ${firstBadByte(bytes)}: encode the body as UTF-8`;
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
}

/** Where the first sequence begins that is not UTF-8: the longest prefix that is, found by halving. */
function firstBadByte(bytes: Uint8Array): number {
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

/** With `cut`, a last sequence that the end leaves unfinished counts as UTF-8. */
function isUtf8(bytes: Uint8Array, cut: boolean): boolean {
  try {
    new TextDecoder("utf-8", strictUtf8).decode(bytes, { stream: cut });
    return true;
  } catch {
    return false;
  }
}

/** A JSON body. An empty one is an empty object where `emptyIs` says so. */
export async function readJson(
  request: Request,
  limits: { bytesMax: number; depthMax?: number; emptyIs?: unknown },
): Promise<Result<unknown, Problem>> {
  const bytes = await readBytes(request, limits.bytesMax);
  if (!bytes.ok) return bytes;
  if (bytes.value.byteLength === 0 && limits.emptyIs !== undefined) return ok(limits.emptyIs);
  if (mediaType(request) !== "application/json" || !isPlain(request)) {
    return wrongType(request, ["application/json"]);
  }
  const text = decodeText(bytes.value);
  if (!text.ok) return text;
  return parseJson(text.value, limits.depthMax ?? taskLimits.jsonDepthMax);
}
