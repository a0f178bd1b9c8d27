import { modelLimits } from "../../../shared/limits.ts";
import type { ModelRequest, ReplyUsage } from "../../../shared/models/model.ts";
import { estimatePrompt, estimateTokens } from "../../../shared/models/tokens.ts";
import { isRecord, type Json, nestsBeyond } from "../../../shared/text/json.ts";
import type { WireReply } from "../shapes/wire.ts";

/**
 * The first of these fields that has a count, as a number or as digits. Capped, because the stores add up
 * reported counts, and a sum must stay below the largest integer that a number stores exactly.
 */
function countAt(record: unknown, ...keys: readonly string[]): number | null {
  if (!isRecord(record)) return null;
  for (const key of keys) {
    const value = record[key];
    const isDigits = typeof value === "string" && /^\d{1,15}$/.test(value.trim());
    const count = isDigits ? Number(value) : value;
    if (typeof count !== "number" || !Number.isFinite(count) || count < 0) continue;
    return Math.min(count, modelLimits.reportedCountMax);
  }
  return null;
}

/** Some servers report thinking tokens separately from the completion and bill them too: the total includes them. */
function completionIn(usage: Json, prompt: number, completion: number): number {
  const total = countAt(usage, "total_tokens") ?? 0;
  const details = [usage.completion_tokens_details, usage.output_tokens_details].find(isRecord);
  const reasoningTokens =
    countAt(details, "reasoning_tokens") ?? countAt(usage, "reasoning_tokens") ?? 0;
  const missing = Math.max(0, total - prompt - completion);
  // More thinking tokens than completion tokens: the server counted them separately.
  const apart = reasoningTokens > completion ? reasoningTokens : 0;
  return completion + Math.max(missing, apart);
}

function cachedIn(usage: Json): number {
  const details = [usage.prompt_tokens_details, usage.input_tokens_details].find(isRecord);
  return (
    countAt(details, "cached_tokens", "cache_read_tokens") ??
    countAt(
      usage,
      "cached_tokens",
      "prompt_cache_hit_tokens",
      "cache_read_input_tokens",
      "cache_read_tokens",
      "num_cached_tokens",
    ) ??
    0
  );
}

/** The arguments as text for an estimate; nothing where they nest deeper than a call may. */
function argumentsText(value: unknown): string {
  return nestsBeyond(value, modelLimits.argumentsDepthMax) ? "" : JSON.stringify(value ?? "");
}

/**
 * What a reply used. An endpoint that reports nothing, or zero for both, would blind the budgets,
 * so its counts are estimated from the texts, and so are counts that are far too small for them.
 */
export function usageOf(wire: WireReply, request: ModelRequest, content: string): ReplyUsage {
  const usage: Json = wire.usage ?? {};
  const prompt = countAt(usage, "prompt_tokens", "input_tokens");
  const completion = countAt(usage, "completion_tokens", "output_tokens");
  const silent = prompt === null || (prompt === 0 && (completion ?? 0) === 0);
  const calls = wire.calls.map((call) => argumentsText(call.arguments)).join("");
  const estimate = estimateTokens(content + calls);
  const total =
    silent || completion === null ? null : Math.round(completionIn(usage, prompt, completion));
  const isTooSmall = total !== null && total < estimate / modelLimits.usageFactorMax;
  return {
    prompt_tokens: silent ? estimatePrompt(request) : Math.round(prompt),
    cached_tokens: silent ? 0 : Math.min(Math.round(cachedIn(usage)), Math.round(prompt)),
    completion_tokens: total === null || isTooSmall ? estimate : total,
    neurons: countAt(usage, "neurons"),
    estimated: total === null || isTooSmall,
  };
}
