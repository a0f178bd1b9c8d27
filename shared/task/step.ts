/** A step: the payload that is journaled, and its view in the API. */

import type { Usage } from "../spend/usage.ts";
import type { Failure } from "./failures.ts";
import type { QualityEvent, ThreadMark } from "./thread_mark.ts";

export interface StepCall {
  id: string;
  provider_id: string | null;
  name: string;
  /** As the model sent them. */
  arguments_text: string;
  arguments: Record<string, unknown> | null;
  /** Why the call is rejected, as a sentence for the model; null when it may run. */
  problem: string | null;
}

/**
 * What a model call offered: every tool while the model works, then the final steps: only `final_answer`,
 * `final_answer` forced by name, JSON mode without tools, text without tools.
 */
export type OfferKind = "tools" | "final_answer" | "named" | "json" | "text";

/** Elides old outputs: each step up to `upto` keeps `chars` characters. */
export interface Compaction {
  upto: number;
  chars: number;
}

/** An endpoint's response as it came, for replays. */
export interface RawReply {
  status: number;
  retry_after: string | null;
  text: string;
}

/** One model call: a reply or a failure. */
export interface ModelPayload {
  kind: "model";
  model: string;
  offered: OfferKind;
  /** Why only the answer was requested; absent while the model works. */
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
  /** What is elided for this call and all later ones. */
  compaction?: Compaction;
  /** True when the previous call overflowed the window: a second overflow ends the slice. */
  forced?: true;
  /** Our own estimate of the prompt's tokens. */
  estimate?: number;
  /** Quirks that the loop recorded, in addition to the reply's own. */
  quirks?: string[];
  reply: {
    text: string;
    reasoning: string;
    calls: StepCall[];
    finish: string;
    quirks: string[];
  } | null;
  /** Stored where the call failed, or where the reply cannot be parsed again without it. */
  raw?: RawReply;
  failure: Failure | null;
  /** How many consecutive rejections of the endpoint this row holds. */
  times?: number;
  /** The hash of the task's pinned MCP tools and skills, where it has any. */
  extras?: string;
  /** True where the reply's text is the answer and no call holds it. */
  answered?: true;
  /** Absent in the task's main thread. */
  thread?: ThreadMark;
  usage: {
    prompt_tokens: number;
    cached_tokens: number;
    completion_tokens: number;
    /** Present where the price of the model's tokens is unknown. */
    unpriced_tokens?: number;
    cost_usd: number;
  };
}

/** Where one file of the workspace is stored: in the task's input, or in R2 under its hash. */
export interface FileEntry {
  sha256: string;
  bytes: number;
  source: "input" | "blob";
}

/** One tool call and its result, as the model reads it. `files`: what it changed; null is deleted. */
export interface ToolPayload {
  kind: "tool";
  call_id: string;
  name: string;
  arguments: Record<string, unknown> | null;
  text: string;
  ok: boolean;
  /** The whole output, if `text` is only its head and tail. */
  output?: FileEntry;
  /** A loop warning, which the model reads after the output. */
  note?: string;
  /** True when the call was not run because it repeats in a loop. */
  blocked?: true;
  files?: Record<string, FileEntry | null>;
  /** The task's egress limits, if they refused a request of this call. */
  egress_refused?: { requests: number; bytes: number };
  /** Absent in the task's main thread. */
  thread?: ThreadMark;
  /** Present where the step is no call of the model: `call_id` is then that of the answer, or empty. */
  quality?: QualityEvent;
}

export type StepPayload = ModelPayload | ToolPayload;

/** One journaled step: a row, or a line of transcript.jsonl. */
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

/** A step as `GET /v1/tasks/:id/steps` returns it. */
export function stepView(step: Step): Record<string, unknown> {
  const { payload } = step;
  const head = {
    seq: step.seq,
    kind: payload.kind,
    name: step.name,
    status: step.status,
    started_at: new Date(step.started_at).toISOString(),
    duration_ms: step.duration_ms,
    ...threadView(payload),
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
        ...(payload.quality === undefined ? {} : qualityView(payload.quality)),
      };
  }
}

/** Of which sample, escalation and check a step is. */
function threadView({ thread = {} }: StepPayload): Record<string, unknown> {
  const { tier, sample, check } = thread;
  return {
    ...(sample === undefined ? {} : { sample }),
    ...(tier === undefined ? {} : { escalation: tier }),
    ...(check === undefined ? {} : { check: check.n }),
  };
}

/** What the step decides, in words of the API. */
function qualityView(event: QualityEvent): Record<string, unknown> {
  switch (event.kind) {
    case "verdict": {
      const { score, reasons } = event;
      return {
        verdict: event.verdict,
        ...(score === undefined ? {} : { score }),
        ...(reasons === undefined ? {} : { reasons }),
      };
    }
    case "correction":
      return { correction: true };
    case "sample_end":
      return { cause: event.cause };
    case "escalation":
      return { cause: event.cause, model: event.model };
  }
}

/** All quirks of one model call. */
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

/** Why only the answer is requested: a budget, or replies that lead nowhere. */
export type FinalisationCause = NonNullable<ModelPayload["because"]>;
