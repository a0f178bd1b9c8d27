/** Reading a response whose size its sender chooses. */
import { modelLimits } from "../limits.ts";

export type BodyRead = { kind: "text"; text: string } | { kind: "too_large" };

/** The body as text, read no further than the limit; the rest of a larger one is cancelled. */
export async function readBody(response: Response): Promise<BodyRead> {
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
    text += decoder.decode(value, { stream: true });
  }
}
