/** The rules of a task's input files. */

import { byteLength } from "../../../shared/files/objects.ts";
import { foldersOf, normalisePath } from "../../../shared/files/paths.ts";
import { workspaceLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { InputFile } from "../../../shared/task/task.ts";
import type { Detail } from "../../http/problem.ts";
import { formatPath } from "./field_path.ts";
import { checkInputKey } from "./input_key.ts";
import { fault, isKnownValid, markValid, type Rule } from "./rule.ts";

export const files: Rule = ({ files: named }, { validParts }) => {
  if (named === undefined || isKnownValid(named, validParts)) return [];
  const details: Detail[] = [];
  let total = 0;
  for (const [path, file] of Object.entries(named)) {
    const place = formatPath(["files", path]);
    const clean = normalisePath(path);
    if (clean === null || clean !== path.normalize("NFC"))
      details.push(...invalidPath(place, clean));
    const parent = foldersOf(path).find((folder) => Object.hasOwn(named, folder));
    if (parent !== undefined) {
      details.push(
        ...fault(place, `is below "${parent}", which is also a file of this task: rename one`),
      );
    }
    const size = measure(file);
    if (!size.ok) details.push(...fault(place, size.error));
    else if (size.value > workspaceLimits.fileBytesMax) {
      const message = `is ${size.value} bytes; a file may have up to ${workspaceLimits.fileBytesMax}: split it`;
      details.push(...fault(place, message));
    } else total += size.value;
  }
  if (total > workspaceLimits.bytesMax) {
    const message = `have ${total} bytes in total; the maximum is ${workspaceLimits.bytesMax}: upload them with PUT /v1/inputs/<key>`;
    details.push(...fault("files", message));
  }
  return details.length === 0 ? markValid(named, validParts) : details;
};

function invalidPath(place: string, clean: string | null): Detail[] {
  const example =
    clean === null || clean === "__proto__" ? 'such as "data/orders.csv"' : `write "${clean}"`;
  return fault(
    place,
    `the path must be relative, with forward slashes and without "..", ".", NUL or double slashes: ${example}`,
  );
}

/** The bytes of an inline file, 0 for one in R2, or why the file is invalid. */
function measure(file: InputFile): Result<number, string> {
  if ("text" in file) return ok(byteLength(file.text));
  if ("r2" in file) {
    const key = checkInputKey(file.r2);
    return key.ok ? ok(0) : key;
  }
  try {
    return ok(Uint8Array.fromBase64(file.base64).byteLength);
  } catch {
    return err('invalid base64: write standard base64, or {"text": "…"} for text');
  }
}
