/** Reads a form of which one part is a file: the file streams by, its fields are small. */
import { type MultipartError, make } from "multipasta";
import { openAiLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { bodyChunks, isPlain, mediaType, wrongType } from "../http/body.ts";
import { type Problem, refusedAt } from "../http/problem.ts";

export interface Form {
  fields: ReadonlyMap<string, string>;
  /** The name that the file was sent under; null where the form has no file. */
  fileName: string | null;
}

const decoder = new TextDecoder();

/** `take` is given the file's bytes as they come, and may end the reading. */
export async function readForm(
  request: Request,
  take: (bytes: Uint8Array) => Promise<Result<null, Problem>>,
): Promise<Result<Form, Problem>> {
  if (mediaType(request) !== "multipart/form-data" || !isPlain(request)) {
    return wrongType(request, ["multipart/form-data"]);
  }
  const fields = new Map<string, string>();
  let fileName: string | null = null;
  let fault: Result<never, Problem> | null = null;
  let ended = false;
  let waiting: Uint8Array[] = [];
  const parser = make({
    headers: { "content-type": request.headers.get("content-type") ?? "" },
    maxParts: openAiLimits.formPartsMax,
    maxFieldSize: openAiLimits.formFieldBytesMax,
    isFile: (part) => part.filename !== undefined,
    onField: (part, bytes) => fields.set(part.name, decoder.decode(bytes)),
    onFile: (part) => {
      if (part.name !== "file" || fileName !== null) {
        fault ??= err(refusedAt(part.name, "the form takes one file, in its field file"));
        return () => {};
      }
      fileName = part.filename ?? "";
      return (bytes) => bytes !== null && waiting.push(bytes);
    },
    onError: (error) => {
      fault ??= unreadable(error);
    },
    onDone: () => {
      ended = true;
    },
  });
  for await (const chunk of bodyChunks(request)) {
    try {
      parser.write(chunk);
    } catch {
      // Its headers may hold escapes that no decoder takes.
      fault ??= broken("its headers cannot be read");
    }
    if (fault !== null) return fault;
    for (const bytes of waiting) {
      const taken = await take(bytes);
      if (!taken.ok) return taken;
    }
    waiting = [];
  }
  if (!ended) return fault ?? broken("it ends before its last boundary");
  return ok({ fields, fileName });
}

const broken = (why: string): Result<never, Problem> =>
  err({ kind: "unreadable", message: `the form cannot be read: ${why}` });

function unreadable(error: MultipartError): Result<never, Problem> {
  switch (error._tag) {
    case "InvalidBoundary":
      return broken("content-type names no boundary");
    case "BadHeaders":
    case "InvalidDisposition":
      return broken("a part's headers are none");
    case "EndNotReached":
      return broken("it ends before its last boundary");
    case "ReachedLimit":
      return broken("it has too many parts, or too long a field");
  }
}
