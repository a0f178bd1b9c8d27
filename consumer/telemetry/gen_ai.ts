/**
 * The attributes of each span, by OpenTelemetry's semantic conventions for generative AI: `invoke_agent` for a
 * slice of a task, `chat` for a model call, `execute_tool` for a tool call. Names that the conventions do not have
 * start with `flotilla.`. docs/observability.md lists every name, and a test compares the two.
 */

import type { ModelOutcome, ReplyUsage } from "../../shared/models/model.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { ServedBy } from "../models/index.ts";
import type { SliceOutcome } from "../slice/outcome.ts";
import type { Attributes, OpenSpan } from "./spans.ts";

export const agentName = "flotilla";

/** The fields of a task that its spans have. */
export interface TracedTask {
  id: string;
  tenant: string;
  batch_id: string | null;
  model: string;
  policy: string;
  sandbox: string;
  attempt: number;
  fence: number;
}

/** One slice. A task that yields has several slices, with the task's id as their conversation. */
export const agentAttributes = (task: TracedTask): Attributes => ({
  "gen_ai.operation.name": "invoke_agent",
  "gen_ai.agent.name": agentName,
  "gen_ai.conversation.id": task.id,
  "gen_ai.request.model": task.model,
  "flotilla.tenant": task.tenant,
  "flotilla.batch_id": task.batch_id ?? undefined,
  "flotilla.policy": task.policy,
  "flotilla.sandbox": task.sandbox,
  "flotilla.attempt": task.attempt,
  "flotilla.fence": task.fence,
});

/** The outcome of a slice. The numbers are those of the task so far, over all its slices. */
export const sliceAttributes = (outcome: SliceOutcome, used: Usage): Attributes => ({
  "flotilla.outcome": outcome.kind === "released" ? outcome.why : outcome.kind,
  "flotilla.status": outcome.kind === "settled" ? outcome.status : undefined,
  "flotilla.reason": outcome.kind === "settled" ? outcome.reason : undefined,
  "gen_ai.usage.input_tokens": used.prompt_tokens,
  "gen_ai.usage.output_tokens": used.completion_tokens,
  "flotilla.cost_usd": used.cost_usd,
});

const providers: Readonly<Record<ServedBy, string>> = {
  rehearsal: "rehearsal",
  workers_ai: "cloudflare.workers_ai",
  openai: "openai_compatible",
};

export const chatAttributes = (call: {
  task: string;
  model: string;
  servedBy: ServedBy;
  outputTokensMax: number;
  isFallback: boolean;
}): Attributes => ({
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": providers[call.servedBy],
  "gen_ai.conversation.id": call.task,
  "gen_ai.request.model": call.model,
  "gen_ai.request.max_tokens": call.outputTokensMax,
  "flotilla.fallback": call.isFallback,
});

/** Records the outcome of a call. A failure may have cost tokens, too. */
export function recordOutcome(
  span: OpenSpan,
  outcome: ModelOutcome,
  costOf: (usage: ReplyUsage) => number,
): void {
  const usage = outcome.ok ? outcome.reply.usage : outcome.usage;
  if (usage !== undefined) span.setAttributes(() => usageAttributes(usage, costOf(usage)));
  if (outcome.ok) span.setAttributes(() => replyAttributes(outcome.reply));
  else span.fail(outcome.failure.code);
}

const usageAttributes = (usage: ReplyUsage, costUsd: number): Attributes => ({
  "gen_ai.usage.input_tokens": usage.prompt_tokens,
  "gen_ai.usage.output_tokens": usage.completion_tokens,
  "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
  "flotilla.usage_estimated": usage.estimated,
  "flotilla.cost_usd": costUsd,
});

/** The conventions have a list of reasons; the platform's spans have scalars, and a call has one reply. */
const replyAttributes = ({ finish, quirks }: { finish: string; quirks: string[] }): Attributes => ({
  "gen_ai.response.finish_reasons": finish,
  "flotilla.quirks": quirks.length === 0 ? undefined : quirks.join(","),
});

/** `step` is the number in the journal; the calls of a program have the program's number. */
export const toolAttributes = (task: string, name: string, step: number): Attributes => ({
  "gen_ai.operation.name": "execute_tool",
  "gen_ai.tool.name": name,
  "gen_ai.tool.type": "function",
  "gen_ai.conversation.id": task,
  "flotilla.step": step,
});
