/** MODEL_PROFILES: an operator's overrides of the profile table, and profiles of models that are not in it. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { taskLimits } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { isRecord, parseJson } from "../text/json.ts";
import { nearestName } from "../text/nearest.ts";
import { isListed, type Profile, type ProfileOf, profileOf } from "./profiles.ts";

const strict = { additionalProperties: false } as const;
const dollars = Type.Number({ minimum: 0 });
const tokens = Type.Integer({ minimum: 256, maximum: 100_000_000 });
const settings = Type.Record(Type.String(), Type.Unknown());

/** One model's fields as the operator writes them; a field that is left out keeps its value. */
const Override = Type.Partial(
  Type.Object(
    {
      window_tokens: tokens,
      output_tokens_max: tokens,
      price: Type.Object(
        { input: dollars, output: dollars, cached: Type.Optional(dollars) },
        strict,
      ),
      requests_per_minute: Type.Number({ exclusiveMinimum: 0 }),
      thinking: settings,
      thinking_less: settings,
      output_field: Type.Union([Type.Literal("max_tokens"), Type.Literal("max_completion_tokens")]),
      json_mode: Type.Union([Type.Literal("envelope"), Type.Literal("bare"), Type.Literal("none")]),
      forced_tool: Type.Boolean(),
      reasoning_field: Type.Union([
        Type.Literal("reasoning"),
        Type.Literal("reasoning_content"),
        Type.Null(),
      ]),
      tool_choice: Type.Boolean(),
      seed_field: Type.Union([Type.Literal("seed"), Type.Literal("random_seed"), Type.Null()]),
      sampling_fields: Type.Array(
        Type.Union([Type.Literal("temperature"), Type.Literal("top_p")]),
        { maxItems: 2, uniqueItems: true },
      ),
      stream: Type.Boolean(),
      user_after_tool: Type.Boolean(),
      tool_names: Type.Boolean(),
      vision: Type.Boolean(),
      call_ids: Type.Union([Type.Literal("ours"), Type.Literal("kimi")]),
    },
    strict,
  ),
  strict,
);
type Override = Static<typeof Override>;

/** The key for models that no other key names and the table does not list. */
const wildcard = "*";

/**
 * Reads `{"<model>": {field: value}}`. Strict: an unknown field or a value that does
 * not fit rejects the whole text, because a price that is silently not applied is a budget that does
 * not hold. The error is one sentence that names the field. Never throws.
 */
export function readProfiles(text: string | undefined): Result<ProfileOf, string> {
  if (text === undefined || text.trim() === "") return ok(profileOf);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return invalid(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return invalid('must be one JSON object, such as {"qwen3:8b": {"window_tokens": 32768}}');
  }
  const overrides = new Map<string, Override>();
  for (const [model, fields] of Object.entries(value)) {
    const problem = problemIn(model, fields);
    if (problem !== null) return invalid(`has ${JSON.stringify(model)}: ${problem}`);
    overrides.set(model, fields as Override);
  }
  const profiles = new Map<string, Profile>();
  return ok((model) => {
    const cached = profiles.get(model);
    if (cached !== undefined) return cached;
    const override =
      overrides.get(model) ?? (isListed(model) ? undefined : overrides.get(wildcard));
    const profile =
      override === undefined ? profileOf(model) : applyOverride(profileOf(model), override);
    profiles.set(model, profile);
    return profile;
  });
}

/** The overrides of `vision`; empty if the text is invalid, which is reported where the profiles are used. */
export function visionOverrides(text: string | undefined): Record<string, boolean> {
  const value: unknown = readProfiles(text).ok ? parseJson(text ?? "") : undefined;
  const models = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    models.flatMap(([model, fields]) =>
      isRecord(fields) && typeof fields.vision === "boolean" ? [[model, fields.vision]] : [],
    ),
  );
}

function problemIn(model: string, fields: unknown): string | null {
  const first = Value.Errors(Override, fields).First();
  if (first !== undefined) return explainPath(first.path, first.message);
  const { window_tokens: window, output_tokens_max: output } = fields as Override;
  if (window !== undefined && output !== undefined && output >= window) {
    return "output_tokens_max must be below window_tokens, which holds prompt and reply";
  }
  const hasPace = (fields as Override).requests_per_minute !== undefined;
  return hasPace && !model.startsWith("@cf/")
    ? "requests_per_minute is for models of Workers AI; set MODEL_RPM for the endpoint of MODEL_BASE_URL"
    : null;
}

function explainPath(path: string, message: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  const field = parts[0] ?? "";
  const names = Object.keys(Override.properties);
  if (field === "" || names.includes(field)) {
    return `${parts.join(".") || "the value"}: ${message.toLowerCase()}`;
  }
  const suggestion = nearestName(field, names);
  return suggestion === null
    ? `there is no field ${JSON.stringify(field)}; the fields are ${names.join(", ")}`
    : `there is no field ${JSON.stringify(field)}: did you mean "${suggestion}"?`;
}

function applyOverride(base: Profile, override: Override): Profile {
  const windowTokens = override.window_tokens ?? base.windowTokens;
  const outputTokensMax =
    override.output_tokens_max ?? Math.min(base.outputTokensMax, windowTokens - 1);
  const { price } = override;
  return {
    windowTokens,
    outputTokensMax,
    // A price that is not overridden stays the same object: `isPriced` compares it with `free`.
    price:
      price === undefined
        ? base.price
        : { input: price.input, output: price.output, cached: price.cached ?? price.input },
    requestsPerMinute: override.requests_per_minute ?? base.requestsPerMinute,
    thinking: override.thinking ?? base.thinking,
    thinkingLess: override.thinking_less ?? override.thinking ?? base.thinkingLess,
    outputField: override.output_field ?? base.outputField,
    jsonMode: override.json_mode ?? base.jsonMode,
    forcedTool: override.forced_tool ?? base.forcedTool,
    reasoningField:
      override.reasoning_field === undefined ? base.reasoningField : override.reasoning_field,
    toolChoice: override.tool_choice ?? base.toolChoice,
    seedField: override.seed_field === undefined ? base.seedField : override.seed_field,
    samplingFields: override.sampling_fields ?? base.samplingFields,
    stream: override.stream ?? base.stream,
    userAfterTool: override.user_after_tool ?? base.userAfterTool,
    toolNames: override.tool_names ?? base.toolNames,
    vision: override.vision ?? base.vision,
    callIds: override.call_ids ?? base.callIds,
  };
}

const invalid = (message: string) =>
  err(`MODEL_PROFILES ${message.slice(0, taskLimits.keyCharsMax * 2)}.`);
