/** Reads a multipart form with one file. The file is streamed; the other fields are small. */
import { type MultipartError, make } from "multipasta";
import { openAiLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { bodyChunks, isUncompressed, mediaType, unsupportedType } from "../../http/body.ts";
import { invalidField, type Problem } from "../../http/problem.ts";

export interface UploadForm {
  fields: ReadonlyMap<string, string>;
  /** Null if the form has no file. */
  fileName: string | null;
}

const decoder = new TextDecoder();

/** Calls `onBytes` with each part of the file; an error from it stops the reading. */
export async function readUploadForm(
  request: Request,
  onBytes: (bytes: Uint8Array) => Promise<Result<null, Problem>>,
): Promise<Result<UploadForm, Problem>> {
  if (mediaType(request) !== "multipart/form-data" || !isUncompressed(request)) {
    return unsupportedType(request, ["multipart/form-data"]);
  }
  const fields = new Map<string, string>();
  let fileName: string | null = null;
  let fault: Result<never, Problem> | null = null;
  let isEnded = false;
  let pending: Uint8Array[] = [];
  const parser = make({
    headers: { "content-type": request.headers.get("content-type") ?? "" },
    maxParts: openAiLimits.formPartsMax,
    maxFieldSize: openAiLimits.formFieldBytesMax,
    isFile: (part) => part.filename !== undefined,
    onField: (part, bytes) => fields.set(part.name, decoder.decode(bytes)),
    onFile: (part) => {
      if (part.name !== "file" || fileName !== null) {
        fault ??= err(invalidField(part.name, "unexpected file: send one file, in the field file"));
        return () => {};
      }
      fileName = part.filename ?? "";
      return (bytes) => bytes !== null && pending.push(bytes);
    },
    onError: (error) => {
      fault ??= formError(error);
    },
    onDone: () => {
      isEnded = true;
    },
  });
  for await (const chunk of bodyChunks(request)) {
    try {
      parser.write(chunk);
    } catch {
      // The parser throws on part headers with invalid escapes.
      fault ??= invalidForm("a part has invalid headers");
    }
    if (fault !== null) return fault;
    for (const bytes of pending) {
      const writeResult = await onBytes(bytes);
      if (!writeResult.ok) return writeResult;
    }
    pending = [];
  }
  if (!isEnded) return fault ?? invalidForm("it ends before the closing boundary");
  return ok({ fields, fileName });
}

const invalidForm = (reason: string): Result<never, Problem> =>
  err({ kind: "unreadable", message: `invalid form: ${reason}` });

function formError(error: MultipartError): Result<never, Problem> {
  switch (error._tag) {
    case "InvalidBoundary":
      return invalidForm("content-type has no boundary");
    case "BadHeaders":
    case "InvalidDisposition":
      return invalidForm("a part has invalid headers");
    case "EndNotReached":
      return invalidForm("it ends before the closing boundary");
    case "ReachedLimit":
      return invalidForm("it has too many parts, or a field is too long");
  }
}
