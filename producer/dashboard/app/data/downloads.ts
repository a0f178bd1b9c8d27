/** Downloads, made in script because a link cannot send the API key. */
import { type CallInput, type CallName, download } from "./api.ts";

const urlMsMax = 60_000;

/** Content is untrusted: whatever its type, it is saved and never opened. */
export function saveFile(name: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), urlMsMax);
}

/** Calls the API and saves the response as a file. Returns the error message, or null. */
export async function saveResponse<Name extends CallName>(
  file: string,
  name: Name,
  input: CallInput<Name>,
): Promise<string | null> {
  const result = await download(name, input);
  if (!result.ok) return result.error.message;
  saveFile(file, result.value);
  return null;
}
