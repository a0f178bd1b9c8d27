/** The models of one task, as the loop sees them: each with its transport, its prices, its pace. */
import type { Failure } from "../../shared/failures.ts";
import { isPriced } from "../../shared/models/profiles.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { fallbackModelsOf } from "../delivery/fallback_models.ts";
import { permit, reportOutcome } from "../governor/client.ts";
import type { ModelClient } from "../loop/loop_end.ts";
import { traitsOf } from "../loop/traits.ts";
import { transportFor } from "../models/index.ts";
import { chatAttributes, noteOutcome } from "../telemetry/gen_ai.ts";

/** The task's own model, and those that stand in for it. A fallback that nothing serves is left out. */
export function modelClientsFor(
  fleet: ConsumerConfig,
  { id, model }: { id: string; model: string },
  spec: DurableTask,
): { ok: true; brains: [ModelClient, ...ModelClient[]] } | { ok: false; failure: Failure } {
  const own = brainFor(fleet, id, model, spec, false);
  if (!own.ok) return own;
  const brains: [ModelClient, ...ModelClient[]] = [own.brain];
  for (const name of fallbackModelsOf(fleet, model, spec.fallback_models)) {
    const stand = brainFor(fleet, id, name, spec, true);
    if (stand.ok) brains.push(stand.brain);
  }
  return { ok: true, brains };
}

function brainFor(
  fleet: ConsumerConfig,
  task: string,
  model: string,
  spec: DurableTask,
  fallback: boolean,
): { ok: true; brain: ModelClient } | { ok: false; failure: Failure } {
  const { env } = fleet;
  const config = (position: number) => ({
    AI: env.AI,
    MODEL_BASE_URL: env.MODEL_BASE_URL,
    MODEL_API_KEY: env.MODEL_API_KEY,
    profileOf: fleet.profileOf,
    rehearsal: spec.rehearsal === undefined ? undefined : { turns: spec.rehearsal, position },
  });
  const served = transportFor(model, config(0));
  if (!served.ok) return served;
  const profile = served.profile;
  const traits = traitsOf(profile, spec.sampling);
  // The slot of the call that is on its way, for the governor to know which one it hears of.
  let slotAt = 0;
  return {
    ok: true,
    brain: {
      model,
      fallback,
      ...traits,
      async complete(request, position) {
        const at = model === "rehearsal" ? transportFor(model, config(position)) : served;
        if (!at.ok) return at;
        const { outputTokensMax } = request;
        const { servedBy } = served;
        const about = () => chatAttributes({ task, model, servedBy, outputTokensMax, fallback });
        const outcome = await fleet.spans.within(`chat ${model}`, about, async (span) => {
          const heard = await at.transport.complete(
            spec.sampling === undefined ? request : { ...request, sampling: spec.sampling },
          );
          noteOutcome(span, heard, traits.costOf);
          return heard;
        });
        // A call that we stopped ourselves says nothing of the endpoint.
        if (!request.signal.aborted)
          await reportOutcome(fleet, { task, model, at: slotAt }, outcome);
        return outcome;
      },
      isPriced: (usage) => model === "rehearsal" || isPriced(profile, usage),
      async permit() {
        const slot = await permit(fleet, task, model);
        if (slot.ok) slotAt = slot.at;
        return slot;
      },
    },
  };
}
