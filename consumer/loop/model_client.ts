/** The model in use, as the loop sees it: a live one and a replayed one alike. */

import type {
  Message,
  ModelOutcome,
  ModelRequest,
  Reply,
  ToolOffer,
} from "../../shared/models/model.ts";
import { costOf, outputRoom, type Profile } from "../../shared/models/profiles.ts";
import { estimatePrompt } from "../../shared/models/tokens.ts";
import type { Result } from "../../shared/result.ts";
import type { Failure } from "../../shared/task/failures.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { Abilities } from "./answer/finalisation.ts";
import type { Prices } from "./budget/allowance.ts";

/** What is known of a model from its profile. */
export interface ModelTraits {
  prices: Prices;
  outputTokensMax: number;
  /** The most that it can write: the limit for a reply after one that was only reasoning. */
  outputTokensCeiling: number;
  /** Prompt and reply together, as far as is known. */
  windowTokens: number;
  abilities: Abilities;
  costOf(usage: Reply["usage"]): number;
  estimateTokens(messages: readonly Message[], offers: readonly ToolOffer[]): number;
}

export interface ModelClient extends ModelTraits {
  id: string;
  isFallback: boolean;
  /** `position` counts this model's earlier calls, failed ones included. Never rejects. */
  complete(request: ModelRequest, position: number): Promise<ModelOutcome>;
  /** False where neither the endpoint nor a price table knows the price of these tokens. */
  isPriced(usage: Reply["usage"]): boolean;
  /** Waits for the right to call now. Rejects only while the governor is unreachable. */
  waitForPermit(): Promise<Result<unknown, Failure>>;
}

export const traitsOf = (profile: Profile, sampling: DurableTask["sampling"]): ModelTraits => ({
  prices: {
    inputPerToken: profile.price.input / 1e6,
    outputPerToken: profile.price.output / 1e6,
  },
  ...outputRoom(profile, sampling?.output_tokens_max),
  windowTokens: profile.windowTokens,
  abilities: { forcedTool: profile.forcedTool, jsonMode: profile.jsonMode !== "none" },
  costOf: (usage) => costOf(profile, usage),
  estimateTokens: (messages, tools) => estimatePrompt({ messages, tools }),
});
