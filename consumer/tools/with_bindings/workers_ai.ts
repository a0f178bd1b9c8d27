/** One call of a Workers AI model that is no language model, such as one for pictures or embeddings. */
import { modelLimits, toolLimits } from "../../../shared/limits.ts";
import type { WorkersAi } from "../../models/transport/workers_ai.ts";

export type AiAnswer =
  | { ok: true; value: Record<string, unknown>; bytes: null }
  | { ok: true; value: null; bytes: Uint8Array }
  | { ok: false; message: string };

/** Never rejects. The options are those of every call in this Worker: the binding keeps them. */
export async function runModel(
  ai: WorkersAi,
  model: string,
  inputs: Record<string, unknown>,
  { taskId, signal }: { taskId: string; signal: AbortSignal },
): Promise<AiAnswer> {
  try {
    const answer = await ai.run(model, inputs, {
      returnRawResponse: true,
      rejectIfBusy: true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(modelLimits.callMsMax)]),
      extraHeaders: { "x-session-affinity": taskId },
    });
    return await read(answer);
  } catch {
    return { ok: false, message: "Workers AI did not answer. One repetition is reasonable." };
  }
}

async function read(answer: unknown): Promise<AiAnswer> {
  const response = asResponse(answer);
  if (!response.ok) {
    await response.body?.cancel();
    const busy = response.status === 429 ? " It has no capacity now: go on without it." : "";
    return { ok: false, message: `Workers AI answered HTTP ${response.status}.${busy}` };
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.byteLength > toolLimits.aiAnswerBytesMax) {
    return { ok: false, message: `Workers AI answered ${bytes.byteLength} bytes: too many.` };
  }
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) return { ok: true, value: null, bytes };
  const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const inner = value.result;
  const plain = typeof inner === "object" && inner !== null ? inner : value;
  return { ok: true, value: plain as Record<string, unknown>, bytes: null };
}

/** Bindings that ignore `returnRawResponse` answer the parsed value or a stream. */
function asResponse(answer: unknown): Response {
  if (answer instanceof Response) return answer;
  if (answer instanceof ReadableStream) return new Response(answer);
  return Response.json(answer ?? {});
}
