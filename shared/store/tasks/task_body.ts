/**
 * The body of a settled task, as it is stored in `task_bodies`: a version byte, then its parts, compressed. A
 * settlement writes it, a redrive takes it back into the row. Pure.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { storeLimits } from "../../limits.ts";
import { dictionaries } from "./body_dictionary.ts";

/** JSON texts; null where a part is stored elsewhere, or nowhere. */
export interface TaskBody {
  spec: string | null;
  transcript: string | null;
  output: string | null;
  /** The whole error, where the row has only its short form. */
  error: string | null;
}

const parts = ["spec", "transcript", "output", "error"] as const;
const currentVersion = 1;
/** JSON text never contains this character, because it is escaped there. */
const separator = "\u0000";

/** Null for a body without any part. */
function packBody(body: TaskBody): Uint8Array | null {
  if (parts.every((part) => body[part] === null)) return null;
  const text = parts.map((part) => body[part] ?? "").join(separator);
  const dictionary = dictionaries[currentVersion] as Uint8Array;
  const packed = deflateRawSync(text, { level: 9, dictionary });
  const bytes = new Uint8Array(packed.byteLength + 1);
  bytes[0] = currentVersion;
  bytes.set(packed, 1);
  return bytes;
}

/** Bytes as D1 returns them: a list of numbers, or a buffer. Throws where they are no body. */
export function unpackBody(stored: ArrayLike<number> | ArrayBuffer): TaskBody {
  const bytes = new Uint8Array(stored);
  const version = bytes[0] ?? 0;
  const dictionary = dictionaries[version];
  if (dictionary === undefined) {
    throw new Error(`a task's body has the unknown version ${version}: deploy the newest release`);
  }
  const text = inflateRawSync(bytes.subarray(1), {
    dictionary,
    maxOutputLength: storeLimits.bodyTextBytesMax,
  }).toString("utf8");
  const [spec, transcript, output, error] = text.split(separator).map((part) => part || null);
  return {
    spec: spec ?? null,
    transcript: transcript ?? null,
    output: output ?? null,
    error: error ?? null,
  };
}

/** What a settlement stores of a task's parts. */
export interface SettledParts {
  bytes: Uint8Array | null;
  /** False where the transcript does not fit and must be in R2. */
  hasTranscript: boolean;
  /** What the row has of the output and the error: short ones. */
  output: string | null;
  error: string | null;
}

/**
 * Decides what is stored where. `body` has the whole output and the whole error, short or not. With
 * `keepsTranscript` a transcript stays in D1 whatever its size.
 */
export function splitParts(body: TaskBody, keepsTranscript = false): SettledParts {
  const output = (body.output?.length ?? 0) <= storeLimits.outputInRowCharsMax ? body.output : null;
  const error = shortError(body.error);
  const rest: TaskBody = {
    ...body,
    output: output === null ? body.output : null,
    error: error === body.error ? null : body.error,
  };
  const { transcript } = body;
  const mayFit = (transcript?.length ?? 0) <= storeLimits.transcriptInlineCharsMax;
  const bytes = mayFit || keepsTranscript ? packBody(rest) : null;
  const fits = bytes !== null && bytes.byteLength <= storeLimits.bodyBytesMax;
  if (fits || keepsTranscript || transcript === null) {
    return { bytes, hasTranscript: transcript !== null, output, error };
  }
  return { bytes: packBody({ ...rest, transcript: null }), hasTranscript: false, output, error };
}

/** The error that the row keeps for queries: without the parts that can be long. */
function shortError(errorJson: string | null): string | null {
  if (errorJson === null || errorJson.length <= storeLimits.errorInlineCharsMax) return errorJson;
  const { draft: _, uncertain: __, ...short } = JSON.parse(errorJson) as Record<string, unknown>;
  return JSON.stringify(short);
}
