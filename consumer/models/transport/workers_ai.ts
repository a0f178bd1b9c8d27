import { modelLimits } from "../../../shared/limits.ts";
import type { ModelRequest, Transport } from "../../../shared/models/model.ts";
import type { Profile } from "../../../shared/models/profiles.ts";
import { classifyThrown } from "../errors/classify.ts";
import { readHttpOutcome } from "../reply/http_outcome.ts";
import { type AdaptationMemory, completeAdapting } from "./adapting.ts";

/** The part of the Workers AI binding that is used. */
export interface WorkersAi {
  run(model: string, inputs: Record<string, unknown>, options: WorkersAiOptions): Promise<unknown>;
}

/** Every call passes the same options: the binding keeps them on the instance, so calls with different options would race. */
export interface WorkersAiOptions {
  /** The parsed reply has neither the status nor `Retry-After`. */
  returnRawResponse: true;
  /** A busy model is reported at once: to wait in the platform's queue would use up the invocation's time. */
  rejectIfBusy: true;
  signal: AbortSignal;
  /** Calls of one task land where its prefix is cached. */
  extraHeaders: { "x-session-affinity": string };
}

/** A transport over the Workers AI binding, not streaming. */
export function workersAiTransport(
  ai: WorkersAi,
  profile: Profile,
  memory?: AdaptationMemory,
): Transport {
  const run = async (body: Record<string, unknown>, request: ModelRequest) => {
    // The binding takes the model as an argument of its own.
    const { model: _, stream, stream_options: __, ...inputs } = body;
    const answer = await ai.run(request.model, stream === true ? { ...inputs, stream } : inputs, {
      returnRawResponse: true,
      rejectIfBusy: true,
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(modelLimits.callMsMax)]),
      extraHeaders: { "x-session-affinity": request.taskId },
    });
    return await readHttpOutcome(asResponse(answer), request);
  };
  return {
    async complete(request) {
      try {
        return await completeAdapting("workers_ai", request, profile, run, memory);
      } catch (thrown) {
        return { ok: false, failure: classifyThrown(thrown, Date.now()) };
      }
    },
  };
}

/** Bindings that ignore `returnRawResponse` answer the parsed value or a stream. */
function asResponse(answer: unknown): Response {
  if (answer instanceof Response) return answer;
  if (answer instanceof ReadableStream) return new Response(answer);
  return Response.json(answer ?? null);
}
