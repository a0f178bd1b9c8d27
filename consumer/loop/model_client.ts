/** What is known of a model by its profile, as the loop plans with it: a live one and a replayed one alike. */

import { costOf, outputRoom, type Profile } from "../../shared/models/profiles.ts";
import { estimatePrompt } from "../../shared/models/tokens.ts";
import type { DurableTask } from "../../shared/task.ts";
import { problemsOf } from "../models/repair/validate.ts";
import type { ModelClient } from "./loop_end.ts";

export type Traits = Omit<ModelClient, "model" | "fallback" | "complete" | "isPriced" | "permit">;

export const traitsOf = (profile: Profile, sampling: DurableTask["sampling"]): Traits => ({
  prices: {
    inputPerToken: profile.price.input / 1e6,
    outputPerToken: profile.price.output / 1e6,
  },
  ...outputRoom(profile, sampling?.output_tokens_max),
  windowTokens: profile.windowTokens,
  abilities: { forcedTool: profile.forcedTool, jsonMode: profile.jsonMode !== "none" },
  costOf: (usage) => costOf(profile, usage),
  estimateTokens: (messages, tools) => estimatePrompt({ messages, tools }),
  validate: (schema, value) => problemsOf(value, schema).join("; ") || null,
});
