import type { ModelOutcome, ModelRequest } from "../../../shared/models/model.ts";
import type { Profile } from "../../../shared/models/profiles.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import type { HttpOutcome } from "../reply/http_outcome.ts";
import { adaptationFor } from "../request/adaptation.ts";
import { requestBody } from "../request/request_body.ts";

/** What an endpoint was found to reject of one model's requests. */
interface Learned {
  patch: Partial<Profile>;
  quirks: readonly Quirk[];
}

/** By endpoint and model, for as long as the isolate lives. */
export type AdaptationMemory = Map<string, Learned>;

const modelsMax = 500;
const roundsMax = 5;
const shared: AdaptationMemory = new Map();

/**
 * Sends a request, and where the endpoint rejects a part of it, sends it again without that part.
 * What was learned applies to all later requests of the model at that endpoint; each reply carries
 * it as quirks. Costs no attempt: the caller sees one outcome.
 */
export async function completeAdapting(
  endpoint: string,
  request: ModelRequest,
  profile: Profile,
  send: (body: Record<string, unknown>, request: ModelRequest) => Promise<HttpOutcome>,
  memory: AdaptationMemory = shared,
): Promise<ModelOutcome> {
  const key = `${endpoint}\n${request.model}`;
  for (let round = 0; ; round += 1) {
    const adaptations = memory.get(key) ?? { patch: {}, quirks: [] };
    const current = { ...profile, ...adaptations.patch };
    const body = requestBody(request, current);
    const { errorBody, ...outcome } = await send(body, request);
    const isRejected = !outcome.ok && outcome.failure.code === "model_rejected";
    const adaptation =
      isRejected && round < roundsMax && !request.signal.aborted
        ? adaptationFor(errorBody, body, current)
        : null;
    if (adaptation === null) return withQuirks(outcome, adaptations.quirks);
    if (memory.size >= modelsMax) memory.delete(memory.keys().next().value ?? "");
    memory.set(key, {
      patch: { ...adaptations.patch, ...adaptation.patch },
      quirks: [...new Set([...adaptations.quirks, adaptation.quirk])],
    });
  }
}

function withQuirks(outcome: ModelOutcome, quirks: readonly Quirk[]): ModelOutcome {
  if (quirks.length === 0) return outcome;
  if (!outcome.ok) return { ...outcome, quirks: [...(outcome.quirks ?? []), ...quirks] };
  const { reply } = outcome;
  return { ...outcome, reply: { ...reply, quirks: [...reply.quirks, ...quirks] } };
}
