/** Calls a Workers AI model that is not a language model, such as one for images or embeddings. */

import { modelLimits, toolLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { isRecord } from "../../../shared/text/json.ts";
import type { WorkersAi } from "../../models/transport/workers_ai.ts";

/** What the model returned: JSON, or bytes of another type. */
export type AiOutput = Record<string, unknown> | Uint8Array;

/** Never rejects. The error is a sentence for the model. */
export async function runModel(
  ai: WorkersAi,
  model: string,
  inputs: Record<string, unknown>,
  { taskId, signal }: { taskId: string; signal: AbortSignal },
): Promise<Result<AiOutput, string>> {
  try {
    const output = await ai.run(model, inputs, {
      returnRawResponse: true,
      rejectIfBusy: true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(modelLimits.callMsMax)]),
      extraHeaders: { "x-session-affinity": taskId },
    });
    return await readOutput(output);
  } catch {
    return err("Workers AI did not respond. One retry is reasonable.");
  }
}

async function readOutput(output: unknown): Promise<Result<AiOutput, string>> {
  const response = asResponse(output);
  if (!response.ok) {
    await response.body?.cancel();
    const busy = response.status === 429 ? " It has no capacity now: continue without it." : "";
    return err(`Workers AI returned HTTP ${response.status}.${busy}`);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.byteLength > toolLimits.aiAnswerBytesMax) {
    return err(`Workers AI returned too much data: ${bytes.byteLength} bytes.`);
  }
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) return ok(bytes);
  const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  return ok(isRecord(value.result) ? value.result : value);
}

/** Bindings that ignore `returnRawResponse` return the parsed value or a stream. */
function asResponse(output: unknown): Response {
  if (output instanceof Response) return output;
  if (output instanceof ReadableStream) return new Response(output);
  return Response.json(output ?? {});
}
