/** Downloads, made here because a link cannot carry the key. */
import { type CallInput, type CallName, download } from "./api.ts";

export function saveText(name: string, text: string): void {
  save(name, text);
}

/** Calls the API and saves the response as a file. Returns the error message, or null. */
export async function saveFrom<Name extends CallName>(
  file: string,
  name: Name,
  input: CallInput<Name>,
): Promise<string | null> {
  const result = await download(name, input);
  if (result.ok) {
    save(file, result.value);
    return null;
  }
  return result.error.message;
}

const keptMs = 60_000;

function save(file: string, content: BlobPart): void {
  // Whatever its type is, untrusted content is saved and never opened.
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), keptMs);
}
