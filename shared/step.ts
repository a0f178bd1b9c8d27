/** What a step holds: the payload that is journaled, and the view of it that people read. */
import type { Failure } from "./failures.ts";
import type { Usage } from "./usage.ts";

export interface StepCall {
  id: string;
  provider_id: string | null;
  name: string;
  /** The text as the model sent it, echoed back to it verbatim where it was readable JSON. */
  arguments_text: string;
  arguments: Record<string, unknown> | null;
  /** Why the call is refused, in words for the model; null when it may run. */
  problem: string | null;
}

/**
 * What a call of the model was offered: every tool while it works; then, rung by rung, `final_answer`
 * alone, the same by name, no tool and JSON mode, no tool and text.
 */
export type Offered = "tools" | "final_answer" | "named" | "json" | "text";

/** Old outputs that were elided: of the steps up to `upto`, all but `chars` characters each. */
export interface Compaction {
  upto: number;
  chars: number;
}

/** An endpoint's answer in its own words: what a replay reads once more. */
export interface RawReply {
  status: number;
  retry_after: string | null;
  text: string;
}

/** One model call: a reply, or the failure that came instead. */
export interface ModelPayload {
  kind: "model";
  model: string;
  offered: Offered;
  /** Why only the answer was asked for; absent while the model works. */
  because?:
    | "budget_steps"
    | "budget_model_calls"
    | "budget_tool_calls"
    | "budget_tokens"
    | "budget_cost"
    | "budget_seconds"
    | "budget_egress"
    | "invalid_output"
    | "invalid_calls"
    | "repetition";
  /** What was elided for this call and every later one. */
  compaction?: Compaction;
  /** True when the call before this one overflowed, so that another overflow is the end. */
  forced?: true;
  /** What we reckoned the prompt to weigh, in tokens. */
  estimate?: number;
  /** What the loop found odd or did about it, beside the reply's own quirks. */
  quirks?: string[];
  reply: {
    text: string;
    reasoning: string;
    calls: StepCall[];
    finish: string;
    quirks: string[];
  } | null;
  /** Kept where the reply could not be read the same again without it, and where the call failed. */
  raw?: RawReply;
  failure: Failure | null;
  /** How often in a row the endpoint refused the call: one row holds the whole run. */
  times?: number;
  /** The hash of the task's pinned MCP tools and skills, where it has any: what the model was offered. */
  extras?: string;
  usage: {
    prompt_tokens: number;
    cached_tokens: number;
    completion_tokens: number;
    /** Present where nobody knows what the model's tokens cost. */
    unpriced_tokens?: number;
    cost_usd: number;
  };
}

/** Where one file of the workspace stands: in the task's own input, or in R2 under its hash. */
export interface FileEntry {
  sha256: string;
  bytes: number;
  source: "input" | "blob";
}

/** One tool call and its answer, as the model reads it. `files` holds what it changed; null is deleted. */
export interface ToolPayload {
  kind: "tool";
  call_id: string;
  name: string;
  arguments: Record<string, unknown> | null;
  text: string;
  ok: boolean;
  /** The whole output, where `text` is only its head and tail. */
  output?: FileEntry;
  /** Said to the model behind the output: that it goes round in circles. */
  note?: string;
  /** True when the call was not run because it went round in circles. */
  blocked?: true;
  files?: Record<string, FileEntry | null>;
  /** The task's egress limits, where they refused a request of this call. */
  egress_refused?: { requests: number; bytes: number };
}

export type StepPayload = ModelPayload | ToolPayload;

/** One journaled step, wherever it stands: in a row, or as a line of transcript.jsonl. */
export interface Step {
  seq: number;
  fence: number;
  name: string;
  status: "done" | "failed" | "refused" | "intent";
  /** Milliseconds since 1970 UTC. */
  started_at: number;
  duration_ms: number;
  /** Cumulative after this step. */
  usage: Usage;
  payload: StepPayload;
}

/** The view of a step that `GET /v1/tasks/:id/steps` answers. */
export function stepView(step: Step): Record<string, unknown> {
  const { payload } = step;
  const head = {
    seq: step.seq,
    kind: payload.kind,
    name: step.name,
    status: step.status,
    started_at: new Date(step.started_at).toISOString(),
    duration_ms: step.duration_ms,
  };
  switch (payload.kind) {
    case "model":
      return {
        ...head,
        usage: payload.usage,
        ...(stepQuirks(payload).length > 0 ? { quirks: stepQuirks(payload) } : {}),
        input: inputView(payload),
        output: payload.failure === null ? replyView(payload) : failureView(payload),
      };
    case "tool":
      return {
        ...head,
        input: payload.arguments,
        output: payload.text,
        ...(payload.note === undefined ? {} : { note: payload.note }),
        ...(payload.files === undefined ? {} : { files: payload.files }),
      };
  }
}

/** The words for what was odd about one model call. */
export function stepQuirks({ reply, quirks = [] }: ModelPayload): string[] {
  return [...(reply?.quirks ?? []), ...quirks];
}

function inputView({ model, offered, because, compaction }: ModelPayload): Record<string, unknown> {
  return {
    model,
    offered,
    ...(because === undefined ? {} : { because }),
    ...(compaction === undefined ? {} : { compaction }),
  };
}

function failureView({ failure, times = 1 }: ModelPayload): Record<string, unknown> {
  return times > 1 ? { error: failure, times } : { error: failure };
}

function replyView(payload: ModelPayload): Record<string, unknown> {
  const reply = payload.reply;
  if (reply === null) return {};
  return {
    text: reply.text,
    ...(reply.reasoning === "" ? {} : { reasoning: reply.reasoning }),
    calls: reply.calls.map((call) => ({
      name: call.name,
      arguments: call.arguments ?? call.arguments_text,
      ...(call.problem === null ? {} : { problem: call.problem }),
    })),
    finish: reply.finish,
  };
}
