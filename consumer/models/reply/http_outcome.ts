import { modelLimits } from "../../../shared/limits.ts";
import type { ModelOutcome, ModelRequest } from "../../../shared/models/model.ts";
import { readBody } from "../../../shared/platform/bounded_body.ts";
import { failure } from "../../../shared/task/failures.ts";
import { classify } from "../errors/classify.ts";
import { waitHeader } from "../errors/wait.ts";
import { normalise } from "./normalise.ts";
import { rawOf } from "./raw_reply.ts";
import { bodyValue } from "./reply_body.ts";

/** An outcome with the parsed body of an error, from which a request may be adapted. */
export type HttpOutcome = ModelOutcome & { errorBody?: unknown };

/** An endpoint's whole HTTP answer, every transport alike: refused, too large, or a reply. */
export async function readHttpOutcome(
  response: Response,
  request: ModelRequest,
  url?: string,
): Promise<HttpOutcome> {
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    return {
      ok: false,
      failure: failure(
        "model_rejected",
        `The model's endpoint answered HTTP ${status}, a redirect. Redirects are not followed, because they could carry the key elsewhere; set MODEL_BASE_URL to the final address.`,
        { status },
      ),
    };
  }
  const body = await readBody(response, request.takeReplyBytes);
  if (body.kind === "too_large") {
    return {
      ok: false,
      failure: failure(
        "model_unreadable",
        `The model's reply is larger than ${modelLimits.replyBytesMax} bytes.`,
        { status },
      ),
    };
  }
  const value = bodyValue(body.text);
  const nowMs = Date.now();
  const retryAfter = waitHeader(response.headers, nowMs);
  const outcome: ModelOutcome =
    status >= 200 && status < 300
      ? normalise(value, request, nowMs)
      : {
          ok: false,
          failure: classify({
            status,
            retryAfter,
            body: value,
            nowMs,
            ...(url === undefined ? {} : { url }),
          }),
        };
  const raw = rawOf({ status, retryAfter, text: body.text }, outcome, request);
  const withRaw = raw === undefined ? outcome : { ...outcome, raw };
  return outcome.ok ? withRaw : { ...withRaw, errorBody: value };
}
