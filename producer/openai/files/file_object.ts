/** A file in OpenAI's format. Pure. */
import type { StoredFile } from "../../../shared/store/openai/files.ts";
import { toSeconds } from "../list_page.ts";
import type { OpenAiFile } from "./responses.ts";

export const fileObject = (row: StoredFile): OpenAiFile => ({
  id: row.id,
  object: "file",
  bytes: row.bytes,
  created_at: toSeconds(row.created_at),
  ...(row.expires_at === null ? {} : { expires_at: toSeconds(row.expires_at) }),
  filename: row.filename,
  purpose: row.purpose,
  status: "processed",
});
