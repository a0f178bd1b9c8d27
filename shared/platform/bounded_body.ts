/** Reading a response whose size its sender chooses. */
import { modelLimits } from "../limits.ts";

export type BodyRead = { kind: "text"; text: string } | { kind: "too_large" };

/**
 * The body as text, read no further than the limit; the rest of a larger one is cancelled. `take` waits for room
 * for each chunk; where it answers false, the reading was stopped, and this rejects.
 */
export async function readBody(
  response: Response,
  take: (bytes: number) => Promise<boolean> = async () => true,
): Promise<BodyRead> {
  if (response.body === null) return { kind: "text", text: "" };
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: false });
  let bytes = 0;
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { kind: "text", text: text + decoder.decode() };
    bytes += value.byteLength;
    if (bytes > modelLimits.replyBytesMax) {
      await reader.cancel();
      return { kind: "too_large" };
    }
    if (!(await take(value.byteLength))) {
      await reader.cancel();
      throw new DOMException("the call was stopped", "AbortError");
    }
    text += decoder.decode(value, { stream: true });
  }
}
