/** Checks the form of an upload. Pure. */
import { openAiLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type Detail, detailsOf, type Problem } from "../../http/problem.ts";
import { readTextFields } from "../../http/query.ts";
import { UploadFields } from "./operations.ts";
import type { UploadForm } from "./upload_form.ts";

/** The file's name and how many seconds it is kept. `bytes` is the size of the file. */
export function checkUpload(
  { fields, fileName }: UploadForm,
  bytes: number,
): Result<{ name: string; seconds: number }, Problem> {
  const details: Detail[] = [];
  const report = (path: string, message: string) => details.push({ path, message });
  if (fileName === null) report("file", "is missing: add the file as a part of the form");
  else if (bytes === 0) report("file", "is empty: write one request per line");
  const read = readTextFields(UploadFields, fields, "form");
  if (!read.ok) details.push(...detailsOf(read.error).map(withFormName));
  const knownFields = read.ok ? read.value : null;
  const seconds = knownFields?.["expires_after[seconds]"];
  const hasAnchor = knownFields?.["expires_after[anchor]"] !== undefined;
  if (hasAnchor && seconds === undefined) {
    report("expires_after[seconds]", "is missing: expires_after[anchor] requires it");
  }
  if (!hasAnchor && seconds !== undefined) {
    report("expires_after[anchor]", 'is missing: use "created_at"');
  }
  if (details.length > 0) return err({ kind: "refused", message: "invalid form", details });
  const name = (fileName ?? "").slice(0, openAiLimits.fileNameCharsMax);
  return ok({ name, seconds: seconds ?? openAiLimits.fileSecondsDefault });
}

/** The field's name in the form instead of a JSON path. */
function withFormName({ path, message }: Detail): Detail {
  const field = /^\["(.*)"\]$/.exec(path)?.[1] ?? path;
  if (field !== "purpose") return { path: field, message };
  const hint = "to upload files for tasks, use PUT /v1/inputs/<key>";
  return { path: field, message: `${message}; ${hint}` };
}
