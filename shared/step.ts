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

/** One model call: a reply, or the failure that came instead. */
export interface ModelPayload {
  kind: "model";
  model: string;
  /** What was offered: every tool, or only `final_answer`, or none. */
  offered: "tools" | "final_answer" | "nothing";
  reply: {
    text: string;
    reasoning: string;
    calls: StepCall[];
    finish: string;
    quirks: string[];
  } | null;
  failure: Failure | null;
  /** How often in a row the endpoint refused the call: one row holds the whole run. */
  times?: number;
  usage: {
    prompt_tokens: number;
    cached_tokens: number;
    completion_tokens: number;
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
        ...(payload.reply !== null && payload.reply.quirks.length > 0
          ? { quirks: payload.reply.quirks }
          : {}),
        input: { model: payload.model, offered: payload.offered },
        output: payload.failure === null ? replyView(payload) : failureView(payload),
      };
    case "tool":
      return {
        ...head,
        input: payload.arguments,
        output: payload.text,
        ...(payload.files === undefined ? {} : { files: payload.files }),
      };
  }
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
