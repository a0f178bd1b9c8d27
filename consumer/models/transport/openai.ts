import { endpointUrls } from "../../../shared/addresses/endpoint_urls.ts";
import { modelLimits } from "../../../shared/limits.ts";
import type { ModelOutcome, ModelRequest, Transport } from "../../../shared/models/model.ts";
import type { Profile } from "../../../shared/models/profiles.ts";
import { servedModelsHint } from "../../../shared/models/served_models.ts";
import { truncatedSilently } from "../../../shared/models/tokens.ts";
import { failure } from "../../../shared/task/failures.ts";
import { classifyThrown } from "../errors/classify.ts";
import { readHttpOutcome } from "../reply/http_outcome.ts";
import { keyRedactor } from "../reply/redact_key.ts";
import { type AdaptationMemory, completeAdapting } from "./adapting.ts";
import { fetchAgain } from "./fetch_again.ts";

export interface OpenAiEndpoint {
  /** Read by `endpointUrls`, for example `http://127.0.0.1:11434/v1`. */
  baseUrl: string;
  apiKey?: string;
  profile: Profile;
  send?: typeof fetch;
  /** What is known of the endpoint's rejections. Default: the memory that the isolate shares. */
  memory?: AdaptationMemory;
}

/** A transport for any endpoint that speaks `POST {base}/chat/completions`, streaming only where it must. */
export function openAiTransport(endpoint: OpenAiEndpoint): Transport {
  const urls = endpointUrls(endpoint.baseUrl);
  if (!urls.ok) {
    const configFailure = {
      ok: false,
      failure: failure("model_unconfigured", urls.error),
    } as const;
    return { complete: async () => configFailure };
  }
  const { chat: url, models } = urls.value;
  const send = endpoint.send ?? fetch;
  const headers: Record<string, string> = {
    accept: "application/json",
    ...(endpoint.apiKey ? { authorization: `Bearer ${endpoint.apiKey}` } : {}),
  };
  const redact = keyRedactor(endpoint.apiKey);
  const post = async (body: Record<string, unknown>, request: ModelRequest) => {
    const response = await fetchAgain(send, url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(modelLimits.callMsMax)]),
    });
    return await readHttpOutcome(response, request, url);
  };
  return {
    async complete(request) {
      const { profile, memory } = endpoint;
      try {
        const outcome = await completeAdapting(url, request, profile, post, memory);
        const result = refuseTruncated(outcome, request);
        if (result.ok || result.failure.code !== "model_not_found") {
          return redact(result);
        }
        const hint = await servedModelsHint(models, request.model, headers, send);
        const message = `${result.failure.message}${hint}`;
        return redact({ ...result, failure: { ...result.failure, message } });
      } catch (thrown) {
        const sendFailure = { ok: false, failure: classifyThrown(thrown, Date.now()) } as const;
        return redact(sendFailure);
      }
    },
  };
}

/** A reply to half a conversation looks like any other, so it is refused by its token count. */
function refuseTruncated(outcome: ModelOutcome, request: ModelRequest): ModelOutcome {
  if (!outcome.ok || outcome.reply.usage.estimated) return outcome;
  const { usage } = outcome.reply;
  if (!truncatedSilently(request, usage.prompt_tokens)) return outcome;
  return {
    ok: false,
    usage,
    quirks: ["prompt_truncated"],
    failure: failure(
      "model_overflow",
      `The endpoint read only ${usage.prompt_tokens} tokens of a longer conversation: it cut the front off silently. With Ollama, raise num_ctx (its default is 4096 and /v1 ignores it in requests): set OLLAMA_CONTEXT_LENGTH or "PARAMETER num_ctx" in the Modelfile.`,
      { windowTokens: Math.max(modelLimits.windowTokensMin, usage.prompt_tokens) },
    ),
  };
}
