/** Downloads, made here, because a link cannot carry the key. */
import { send } from "./api.ts";

export function saveText(name: string, text: string): void {
  save(name, new Blob([text], { type: "application/octet-stream" }));
}

/** Fetches a path of the API and saves what comes. Answers what went wrong, or null. */
export async function saveFrom(path: string, name: string): Promise<string | null> {
  const answer = await send("GET", path);
  if (!answer.ok) return answer.problem.message;
  try {
    const blob = await answer.value.blob();
    // Whatever its type says, a stranger's bytes are saved and never opened.
    save(name, new Blob([blob], { type: "application/octet-stream" }));
    return null;
  } catch {
    return "the download broke off: try again";
  }
}

const keptMs = 60_000;

function save(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), keptMs);
}
