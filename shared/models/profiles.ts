/** What is known of each model, as data. `MODEL_PROFILES` adds to it and overrides it: see profile_overrides.ts. */

import { modelLimits } from "../limits.ts";
import type { ReplyUsage } from "./model.ts";

/** US dollars per million tokens. */
export interface Price {
  input: number;
  cached: number;
  output: number;
}

/** What is known of one model: its rate limit, windows, price and request settings. */
export interface Profile {
  /** Null where the endpoint sets no rate limit. */
  requestsPerMinute: number | null;
  windowTokens: number;
  outputTokensMax: number;
  price: Price;
  /** Merged into the request: unsupported settings are ignored silently, so each model names its own. */
  thinking: Readonly<Record<string, unknown>>;
  /** The same after reasoning has used a whole output limit: the least reasoning that the model supports. */
  thinkingLess: Readonly<Record<string, unknown>>;
  outputField: "max_tokens" | "max_completion_tokens";
  /** How a reply is bound to a schema: old models take it bare, newer ones in OpenAI's envelope, some not at all. */
  jsonMode: "envelope" | "bare" | "none";
  /** Whether a call may be forced by its name; where it may not, finalisation skips that step. */
  forcedTool: boolean;
  /** The field in which past reasoning is sent back; null sends none. */
  reasoningField: "reasoning" | "reasoning_content" | null;
  /** Whether tool_choice is sent at all. */
  toolChoice: boolean;
  /** The field of the task's seed; null sends none. */
  seedField: "seed" | "random_seed" | null;
  /** The sampling settings of a task that are sent. */
  samplingFields: readonly ("temperature" | "top_p")[];
  /** Whether the endpoint wants a streaming request; its events are folded into one reply. */
  stream: boolean;
  /** Whether a user message may follow a tool result; else its text is added to the result. */
  userAfterTool: boolean;
  /** Whether tool results carry the tool's name. */
  toolNames: boolean;
  /** Whether the model sees pictures; tasks with pictures are rejected for the others. */
  vision: boolean;
  /** Kimi loses count unless ids read `functions.<name>:<n>`, counted over the whole history. */
  callIds: "ours" | "kimi";
}

const free: Price = { input: 0, cached: 0, output: 0 };
const paidRate = 20;
const openRate = 300;

/** An endpoint of the user's own: no price, no rate limit, no setting that a strict server could reject. */
const unknownProfile: Profile = {
  requestsPerMinute: null,
  windowTokens: 128_000,
  outputTokensMax: 32_768,
  price: free,
  thinking: {},
  thinkingLess: {},
  outputField: "max_tokens",
  jsonMode: "envelope",
  forcedTool: true,
  reasoningField: null,
  toolChoice: true,
  seedField: "seed",
  samplingFields: ["temperature", "top_p"],
  stream: false,
  userAfterTool: true,
  toolNames: true,
  vision: false,
  callIds: "ours",
};

/** Mistral's tokenizer refuses a user message directly after a tool result, on whichever server. */
const mistralProfile: Profile = { ...unknownProfile, userAfterTool: false };
const mistralName =
  /(?:^|[/:_-])(?:mistral|magistral|devstral|codestral|ministral|pixtral|mixtral)/i;

/** An unlisted Workers AI model is priced and limited like the most expensive one: budgets fail closed. */
const unknownHosted: Profile = {
  ...unknownProfile,
  requestsPerMinute: paidRate,
  price: { input: 1.4, cached: 1.4, output: 4.4 },
};

function hostedProfile(
  requestsPerMinute: number,
  windowTokens: number,
  [input, output, cached]: readonly [number, number, number?],
  fields: Partial<Profile> = {},
): Profile {
  return {
    ...unknownProfile,
    requestsPerMinute,
    windowTokens,
    price: { input, output, cached: cached ?? input },
    outputField: "max_completion_tokens",
    reasoningField: "reasoning",
    thinkingLess: fields.thinking ?? {},
    ...fields,
  };
}

const noThinking = { chat_template_kwargs: { enable_thinking: false } };
const legacy: Partial<Profile> = {
  outputTokensMax: 4_096,
  outputField: "max_tokens",
  jsonMode: "bare",
  reasoningField: null,
};
const deepseek: Partial<Profile> = { reasoningField: "reasoning_content" };
/** Forced to call one tool by name, these models write until their output limit. */
const unforced: Partial<Profile> = { thinking: { reasoning_effort: "low" }, forcedTool: false };

const profiles: ReadonlyMap<string, Profile> = new Map([
  ["@cf/zai-org/glm-5.3", hostedProfile(paidRate, 1_048_576, [1.4, 4.4, 0.26], unforced)],
  [
    "@cf/zai-org/glm-5.3-flash",
    hostedProfile(paidRate, 1_048_576, [0.15, 0.5, 0.03], { ...unforced, vision: true }),
  ],
  [
    "@cf/zai-org/glm-5.2",
    hostedProfile(paidRate, 262_144, [1.4, 4.4, 0.26], { thinking: { reasoning_effort: "none" } }),
  ],
  [
    "@cf/zai-org/glm-4.7-flash",
    hostedProfile(openRate, 131_072, [0.0605, 0.4], { thinking: noThinking }),
  ],
  [
    "@cf/deepseek-ai/deepseek-v4.1-flash-1017",
    hostedProfile(paidRate, 1_048_576, [0.3, 1.2, 0.006], {
      ...deepseek,
      thinking: { reasoning_effort: "high" },
    }),
  ],
  [
    "@cf/deepseek-ai/deepseek-v4-flash-0731",
    hostedProfile(paidRate, 1_048_576, [0.44, 1.32, 0.014], {
      ...deepseek,
      thinking: { reasoning_effort: "low" },
      thinkingLess: { reasoning_effort: "none" },
    }),
  ],
  [
    "@cf/deepseek-ai/deepseek-v4-pro-0813",
    hostedProfile(paidRate, 1_048_576, [1.32, 3.96, 0.044], {
      ...deepseek,
      thinking: { reasoning_effort: "low" },
      thinkingLess: { reasoning_effort: "none" },
    }),
  ],
  [
    "@cf/moonshotai/kimi-k2.7-code",
    hostedProfile(paidRate, 262_144, [0.95, 4, 0.19], { callIds: "kimi", vision: true }),
  ],
  [
    "@cf/moonshotai/kimi-k2.6",
    hostedProfile(paidRate, 262_144, [0.95, 4, 0.16], {
      vision: true,
      callIds: "kimi",
      thinking: { reasoning_effort: "none" },
    }),
  ],
  [
    "@cf/qwen/qwen3.8-27b",
    hostedProfile(openRate, 262_144, [0.45, 3.2, 0.05], {
      vision: true,
      thinking: { reasoning_effort: "low" },
      thinkingLess: noThinking,
    }),
  ],
  [
    "@cf/google/gemma-4-26b-a4b-it",
    hostedProfile(openRate, 256_000, [0.1, 0.3, 0.05], { thinking: noThinking, vision: true }),
  ],
  [
    "@cf/nvidia/nemotron-3-120b-a12b",
    hostedProfile(openRate, 256_000, [0.5, 1.5], {
      thinking: {
        chat_template_kwargs: {
          enable_thinking: true,
          low_effort: true,
          force_nonempty_content: true,
        },
      },
    }),
  ],
  [
    "@cf/openai/gpt-oss-120b",
    hostedProfile(openRate, 128_000, [0.35, 0.75], { thinking: { reasoning_effort: "low" } }),
  ],
  [
    "@cf/openai/gpt-oss-20b",
    hostedProfile(openRate, 128_000, [0.2, 0.3], { thinking: { reasoning_effort: "low" } }),
  ],
  [
    "@cf/qwen/qwen3-30b-a3b-fp8",
    hostedProfile(openRate, 32_768, [0.051, 0.335], {
      outputTokensMax: 8_192,
      reasoningField: null,
    }),
  ],
  [
    "@cf/meta/llama-4-scout-17b-16e-instruct",
    hostedProfile(openRate, 131_000, [0.27, 0.85], { ...legacy, vision: true }),
  ],
  [
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    hostedProfile(openRate, 24_000, [0.293, 2.253], legacy),
  ],
  [
    "@cf/mistralai/mistral-small-3.1-24b-instruct",
    hostedProfile(openRate, 128_000, [0.351, 0.555], legacy),
  ],
  ["@cf/ibm-granite/granite-4.0-h-micro", hostedProfile(openRate, 131_000, [0.017, 0.112], legacy)],
]);

/** The models with a row of their own in the table, in its order. */
export const listedModels: readonly string[] = [...profiles.keys()];

/** True for models with a row of their own in the table. */
export const isListed = (model: string): boolean => profiles.has(model);

/** Returns what is known of a model. */
export type ProfileOf = (model: string) => Profile;

/** What is known of this model, or careful defaults. */
export const profileOf: ProfileOf = (model) => profiles.get(model) ?? unlistedProfile(model);

function unlistedProfile(model: string): Profile {
  if (model.startsWith("@cf/")) return unknownHosted;
  return mistralName.test(model) ? mistralProfile : unknownProfile;
}

const usdPerNeuron = 0.000011;
const tokensPerPrice = 1_000_000;

/** Whether a call's dollars are known: an endpoint of the user's own costs what only its owner can say. */
export function isPriced(profile: Profile, usage: Pick<ReplyUsage, "neurons">): boolean {
  return usage.neurons !== null || profile.price !== free;
}

/** What a call cost in US dollars: by neurons where the endpoint billed them, else by the price table. */
export function costOf(profile: Profile, usage: ReplyUsage): number {
  if (usage.neurons !== null) return usage.neurons * usdPerNeuron;
  const cachedTokens = Math.min(usage.cached_tokens, usage.prompt_tokens);
  return (
    ((usage.prompt_tokens - cachedTokens) * profile.price.input +
      cachedTokens * profile.price.cached +
      usage.completion_tokens * profile.price.output) /
    tokensPerPrice
  );
}

/** The output limit of one reply, and of the next one when reasoning filled the first, in tokens. */
export function outputRoom(
  profile: Profile,
  requestedTokens: number | undefined,
): { outputTokensMax: number; outputTokensCeiling: number } {
  return {
    outputTokensMax: Math.min(
      profile.outputTokensMax,
      requestedTokens ?? modelLimits.outputTokensDefault,
    ),
    outputTokensCeiling: Math.min(
      profile.outputTokensMax,
      requestedTokens ?? Number.POSITIVE_INFINITY,
    ),
  };
}

/** The output limit to send: what the caller asks for, within what the model can give. */
export function outputTokensFor(profile: Profile, requestedTokens: number): number {
  return Math.max(1, Math.min(Math.floor(requestedTokens), profile.outputTokensMax));
}
