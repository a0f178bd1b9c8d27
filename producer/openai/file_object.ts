/** A file as OpenAI's clients read it, and what a form must say to make one. Pure. */
import { openAiLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { WholeFile } from "../../shared/store/files.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { readTexts } from "../http/query.ts";
import { seconds } from "./answer_body.ts";
import type { OpenAiFile } from "./answers.ts";
import type { Form } from "./form.ts";
import { UploadFields } from "./requests.ts";

export const fileObject = (row: WholeFile): OpenAiFile => ({
  id: row.id,
  object: "file",
  bytes: row.bytes,
  created_at: seconds(row.created_at),
  ...(row.expires_at === null ? {} : { expires_at: seconds(row.expires_at) }),
  filename: row.filename,
  purpose: row.purpose,
  status: "processed",
});

/** What is kept of a form: the file's name, and how many seconds it stays. */
export function readUpload(
  form: Form,
  bytes: number,
): Result<{ name: string; seconds: number }, Problem> {
  const { fields, fileName } = form;
  const faults: Detail[] = [];
  const say = (path: string, message: string) => faults.push({ path, message });
  if (fileName === null) say("file", "is missing: send the file as a part of the form");
  else if (bytes === 0) say("file", "is empty: send one request on each line");
  const read = readTexts(UploadFields, fields, "form");
  if (!read.ok && "details" in read.error) faults.push(...(read.error.details ?? []).map(named));
  const said = read.ok ? read.value : null;
  const anchored = said?.["expires_after[anchor]"] !== undefined;
  const stays = said?.["expires_after[seconds]"];
  if (anchored && stays === undefined)
    say("expires_after[seconds]", "is missing beside its anchor");
  if (!anchored && stays !== undefined)
    say("expires_after[anchor]", "is missing: write created_at");
  if (faults.length > 0) {
    return err({ kind: "refused", message: "the form is not understood", details: faults });
  }
  const name = (fileName ?? "").slice(0, openAiLimits.fileNameCharsMax);
  return ok({ name, seconds: stays ?? openAiLimits.fileSecondsDefault });
}

/** A field under its name in the form, which no path is made of. */
function named({ path, message }: Detail): Detail {
  const field = /^\["(.*)"\]$/.exec(path)?.[1] ?? path;
  if (field !== "purpose") return { path: field, message };
  const instead = "what tasks read is uploaded with PUT /v1/inputs/<key>";
  return { path: field, message: `${message}; ${instead}` };
}
