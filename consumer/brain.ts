/** The model of one task, as the loop sees it: its transport, its prices, its pace. */
import type { Failure } from "../shared/failures.ts";
import { modelLimits } from "../shared/limits.ts";
import type { DurableTask } from "../shared/task.ts";
import type { Fleet } from "./fleet.ts";
import { permit, tell } from "./governor/permit.ts";
import type { Brain } from "./loop/turn.ts";
import { transportFor } from "./models/index.ts";
import { costOf, profileOf } from "./models/profiles.ts";
import { estimatePrompt } from "./models/tokens.ts";
import { problemsOf } from "./models/validate.ts";

export function brainFor(
  fleet: Fleet,
  model: string,
  spec: DurableTask,
): { ok: true; brain: Brain } | { ok: false; failure: Failure } {
  const { env } = fleet;
  const config = (position: number) => ({
    AI: env.AI,
    MODEL_BASE_URL: env.MODEL_BASE_URL,
    MODEL_API_KEY: env.MODEL_API_KEY,
    rehearsal: spec.rehearsal === undefined ? undefined : { turns: spec.rehearsal, position },
  });
  const served = transportFor(model, config(0));
  if (!served.ok) return served;
  const profile = profileOf(model);
  return {
    ok: true,
    brain: {
      model,
      prices: {
        inputPerToken: profile.price.input / 1e6,
        outputPerToken: profile.price.output / 1e6,
      },
      outputTokensMax: Math.min(profile.outputTokensMax, modelLimits.outputTokensDefault),
      async complete(request, position) {
        const at = model === "rehearsal" ? transportFor(model, config(position)) : served;
        if (!at.ok) return at;
        const outcome = await at.transport.complete(request);
        await tell(fleet, model, outcome);
        return outcome;
      },
      costOf: (usage) => costOf(profile, usage),
      estimateTokens: (messages, tools) => estimatePrompt({ messages, tools }),
      permit: () => permit(fleet, model),
      validate: (schema, value) => problemsOf(value, schema)?.join("; ") ?? null,
    },
  };
}
