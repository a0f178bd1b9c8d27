/** A file as OpenAI's clients read it, and what a form must say to make one. Pure. */
import { openAiLimits } from "../../shared/limits.ts";
import type { WholeFile } from "../../shared/store/files.ts";
import { type Detail, done, type Outcome, stopped } from "../http/problem.ts";
import { shown } from "../tasks/explain.ts";
import { seconds } from "./answer_body.ts";
import type { Form } from "./form.ts";

export const fileObject = (row: WholeFile): Record<string, unknown> => ({
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
export function readUpload(form: Form, bytes: number): Outcome<{ name: string; seconds: number }> {
  const faults: Detail[] = [];
  const say = (path: string, message: string) => faults.push({ path, message });
  const { fields, fileName } = form;
  if (fileName === null) say("file", "is missing: send the file as a part of the form");
  else if (bytes === 0) say("file", "is empty: send one request on each line");
  const purpose = fields.get("purpose");
  if (purpose !== "batch") {
    const sent = purpose === undefined ? "is missing" : `is ${shown(purpose)}`;
    say("purpose", `${sent}: write batch; what tasks read is uploaded with PUT /v1/inputs/<key>`);
  }
  const stays = readExpiry(fields, say);
  for (const name of fields.keys()) {
    if (!known.includes(name)) say(name, `is not taken: the form has ${known.join(", ")} and file`);
  }
  const [first] = faults;
  if (first !== undefined) {
    return stopped({ kind: "refused", message: `${first.path} ${first.message}`, details: faults });
  }
  const name = (fileName ?? "").slice(0, openAiLimits.fileNameCharsMax);
  return done({ name, seconds: stays });
}

const known = ["purpose", "expires_after[anchor]", "expires_after[seconds]"];

function readExpiry(fields: Form["fields"], say: (path: string, message: string) => void): number {
  const anchor = fields.get("expires_after[anchor]");
  const sent = fields.get("expires_after[seconds]");
  if (anchor === undefined && sent === undefined) return openAiLimits.fileSecondsDefault;
  if (anchor !== "created_at") say("expires_after.anchor", "write created_at");
  const stays = Number(sent);
  const { fileSecondsMin: least, fileSecondsMax: most } = openAiLimits;
  if (!Number.isInteger(stays) || stays < least || stays > most) {
    say("expires_after.seconds", `write a whole number from ${least} to ${most}`);
  }
  return stays;
}
