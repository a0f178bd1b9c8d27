/**
 * What each span says, by OpenTelemetry's semantic conventions for generative AI: `invoke_agent` for a
 * slice of a task, `chat` for a model call, `execute_tool` for a tool call. What the conventions have no
 * name for begins with `flotilla.`. docs/observability.md lists every name, and a test compares the two.
 */
import type { Usage } from "../../shared/usage.ts";
import type { ServedBy } from "../models/index.ts";
import type { ModelOutcome, ReplyUsage } from "../models/model.ts";
import type { SliceOutcome } from "../slice/outcome.ts";
import type { Attributes, OpenSpan } from "./spans.ts";

export const agentName = "flotilla";

/** Of a task, what its spans name. */
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

/** One slice: a task that yields has several, and their conversation is the task's id. */
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

/** How a slice ended; the numbers are the task's so far, over all its slices. */
export const sliceAttributes = (ending: SliceOutcome, used: Usage): Attributes => ({
  "flotilla.outcome": ending.kind === "released" ? ending.why : ending.kind,
  "flotilla.status": ending.kind === "settled" ? ending.status : undefined,
  "flotilla.reason": ending.kind === "settled" ? ending.reason : undefined,
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
  fallback: boolean;
}): Attributes => ({
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": providers[call.servedBy],
  "gen_ai.conversation.id": call.task,
  "gen_ai.request.model": call.model,
  "gen_ai.request.max_tokens": call.outputTokensMax,
  "flotilla.fallback": call.fallback,
});

/** Notes how a call ended. A failure may have been billed, too. */
export function noteOutcome(
  span: OpenSpan,
  outcome: ModelOutcome,
  costOf: (usage: ReplyUsage) => number,
): void {
  const usage = outcome.ok ? outcome.reply.usage : outcome.usage;
  if (usage !== undefined) span.note(() => usageAttributes(usage, costOf(usage)));
  if (outcome.ok) span.note(() => replyAttributes(outcome.reply));
  else span.failed(outcome.failure.code);
}

const usageAttributes = (usage: ReplyUsage, costUsd: number): Attributes => ({
  "gen_ai.usage.input_tokens": usage.prompt_tokens,
  "gen_ai.usage.output_tokens": usage.completion_tokens,
  "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
  "flotilla.usage_estimated": usage.estimated,
  "flotilla.cost_usd": costUsd,
});

/** The conventions have lists of reasons; the platform's spans have scalars, and a call has one reply. */
const replyAttributes = ({ finish, quirks }: { finish: string; quirks: string[] }): Attributes => ({
  "gen_ai.response.finish_reasons": finish,
  "flotilla.quirks": quirks.length === 0 ? undefined : quirks.join(","),
});

/** `step` is the journal's number; a program's own calls have that of the program. */
export const toolAttributes = (task: string, name: string, step: number): Attributes => ({
  "gen_ai.operation.name": "execute_tool",
  "gen_ai.tool.name": name,
  "gen_ai.tool.type": "function",
  "gen_ai.conversation.id": task,
  "flotilla.step": step,
});
